// The noise of SDE samplers: increments of one Brownian motion, so that a seed's picture converges
// as steps are added instead of changing with every step count.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/tensor.h"

namespace zanime::sampling {

// The first `count` words that numpy's SeedSequence(entropy, spawn_key=spawn_key,
// pool_size=pool_size).generate_state(count) gives; M. O'Neill's seed_seq_fe, as numpy defines it.
// `spawn_key` is given in 32-bit words.
std::vector<uint32_t> seed_sequence(uint64_t entropy, std::span<const uint32_t> spawn_key,
                                    int pool_size, int count);

// A Brownian motion on [start, end] with B(start) = 0, built by bisection: the middle of an
// interval is drawn given its ends (Lévy's construction), each middle from a seed of its own, so
// B(t) depends on the seed and t alone. Equals torchsde's BrownianTree with tolerance 1e-6: times
// are rounded to six decimals.
class BrownianPath {
 public:
  // start < end, both multiples of no more than six decimals after rounding.
  BrownianPath(Shape shape, double start, double end, uint64_t seed);
  // t is clamped to [start, end].
  Tensor at(double t) const;

 private:
  Shape shape_;
  double start_;
  double end_;
  double width_;  // before rounding
  uint64_t seed_;
};

// Standard normal noise for a step between two sigmas: the path's increment over the step, divided
// by the root of its length. Steps that share no sigma range are independent.
class BrownianNoise {
 public:
  // Covers the positive sigmas of `sigmas`.
  BrownianNoise(const Shape& shape, std::span<const float> sigmas, uint64_t seed);
  // from > to, both positive.
  Tensor operator()(float from, float to);

 private:
  Tensor at(float sigma);

  BrownianPath path_;
  // The path where the last steps began and ended: the next step begins there.
  struct Point {
    float sigma = -1.0f;
    Tensor value;
  };
  std::vector<Point> recent_;
};

}  // namespace zanime::sampling
