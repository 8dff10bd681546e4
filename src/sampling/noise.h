// Normal noise as PyTorch's CPU generator draws it, so that a seed gives the same picture here.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "base/tensor.h"

namespace zanime::sampling {

// MT19937 (Matsumoto and Nishimura 1998), seeded with the low 32 bits of a seed.
class MersenneTwister {
 public:
  explicit MersenneTwister(uint64_t seed);
  uint32_t next();
  // Two draws, the first is the high half.
  uint64_t next64();

 private:
  std::array<uint32_t, 624> state_;
  int position_ = 624;
};

// Standard normal float32 tensors, one after the other from one seed. Each draw equals
// torch.randn(shape, generator=g) with g = torch.Generator().manual_seed(seed), within 2e-6.
class NoiseGenerator {
 public:
  explicit NoiseGenerator(uint64_t seed) : twister_(seed) {}
  Tensor normal(const Shape& shape);

 private:
  void fill_blocks(std::span<float> out);
  double next_normal();

  MersenneTwister twister_;
  std::optional<double> spare_;  // second value of the last Box-Muller pair
};

// The first draw of NoiseGenerator(seed): the noise that a sampling run starts from. A batch is
// one draw, so its first picture equals that of a batch of one.
Tensor normal_noise(const Shape& shape, uint64_t seed);

// Noise for certain pictures of a larger batch: entry i of `indices` takes draw number indices[i]
// of a generator that draws one picture at a time. The result has shape.rank() axes, the first of
// indices.size(). No index may be negative, and there must be at least one.
Tensor indexed_noise(const Shape& shape, uint64_t seed, std::span<const int64_t> indices);

}  // namespace zanime::sampling
