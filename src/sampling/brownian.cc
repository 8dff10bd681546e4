#include "sampling/brownian.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "sampling/noise.h"
#include "sampling/weighted_sum.h"

namespace zanime::sampling {
namespace {

// torchsde's default for a BrownianTree.
constexpr int kPoolSize = 24;

uint32_t fold(uint32_t value) { return value ^ (value >> 16); }

// The running hash of a seed sequence: its constant changes with every word.
class WordHash {
 public:
  WordHash(uint32_t constant, uint32_t multiplier) : constant_(constant), multiplier_(multiplier) {}
  uint32_t operator()(uint32_t word) {
    word ^= constant_;
    constant_ *= multiplier_;
    return fold(word * constant_);
  }

 private:
  uint32_t constant_;
  uint32_t multiplier_;
};

uint32_t mix(uint32_t a, uint32_t b) { return fold(0xca01f9ddu * a - 0x4973f715u * b); }

void append_words(std::vector<uint32_t>& words, uint64_t number) {
  words.push_back(static_cast<uint32_t>(number));
  if (number >> 32 != 0) words.push_back(static_cast<uint32_t>(number >> 32));
}

// To six decimals by the number's exact value, as Python's round does; multiplying by a million
// first would round twice.
double round_time(double t) {
  char text[64];
  std::snprintf(text, sizeof text, "%.6f", t);
  return std::strtod(text, nullptr);
}

std::pair<double, double> positive_range(std::span<const float> sigmas) {
  double low = 0.0;
  double high = 0.0;
  for (const float sigma : sigmas) {
    if (sigma <= 0.0f) continue;
    if (low == 0.0 || sigma < low) low = sigma;
    high = std::max<double>(high, sigma);
  }
  return {low, high};
}

}  // namespace

std::vector<uint32_t> seed_sequence(uint64_t entropy, std::span<const uint32_t> spawn_key,
                                    int pool_size, int count) {
  const size_t pool = static_cast<size_t>(pool_size);
  std::vector<uint32_t> words;
  append_words(words, entropy);
  // A spawned sequence's entropy fills the pool, so that no key looks like more entropy.
  if (words.size() < pool) words.resize(pool);
  words.insert(words.end(), spawn_key.begin(), spawn_key.end());

  WordHash hash(0x43b0d7e5u, 0x931e8875u);
  std::vector<uint32_t> state(pool);
  for (size_t i = 0; i < pool; ++i) state[i] = hash(words[i]);
  for (size_t from = 0; from < pool; ++from) {
    for (size_t to = 0; to < pool; ++to) {
      if (from != to) state[to] = mix(state[to], hash(state[from]));
    }
  }
  for (size_t from = pool; from < words.size(); ++from) {
    for (size_t to = 0; to < pool; ++to) state[to] = mix(state[to], hash(words[from]));
  }

  WordHash output(0x8b51f9ddu, 0x58f38dedu);
  std::vector<uint32_t> drawn;
  for (int i = 0; i < count; ++i) drawn.push_back(output(state[static_cast<size_t>(i) % pool]));
  return drawn;
}

BrownianPath::BrownianPath(Shape shape, double start, double end, uint64_t seed)
    : shape_(std::move(shape)),
      start_(round_time(start)),
      end_(round_time(end)),
      width_(end - start),
      seed_(seed) {}

Tensor BrownianPath::at(double t) const {
  const double point = std::clamp(round_time(t), start_, end_);
  if (point == start_) return Tensor::zeros(shape_);

  // The path over [left, right], an interval of the bisection that holds the point.
  double left = start_;
  double right = end_;
  Tensor at_left = Tensor::zeros(shape_);
  Tensor increment = weighted_sum(
      {{std::sqrt(width_), normal_noise(shape_, seed_sequence(seed_, {}, kPoolSize, 1)[0])}});
  uint64_t index = 0;  // of the interval among those of its depth
  for (uint32_t depth = 0; point != right; ++depth) {
    const double middle = round_time(0.5 * (right + left));
    std::vector<uint32_t> key;
    append_words(key, index);
    append_words(key, depth);
    const Tensor noise = normal_noise(shape_, seed_sequence(seed_, key, kPoolSize, 1)[0]);
    const double width = right - left;
    const Tensor left_half =
        weighted_sum({{(middle - left) / width, increment},
                      {std::sqrt((middle - left) * (right - middle) / width), noise}});
    if (point <= middle) {
      right = middle;
      increment = left_half;
      index = 2 * index;
    } else {
      left = middle;
      at_left = weighted_sum({{1.0, at_left}, {1.0, left_half}});
      increment = weighted_sum({{1.0, increment}, {-1.0, left_half}});
      index = 2 * index + 1;
    }
  }
  return weighted_sum({{1.0, at_left}, {1.0, increment}});
}

BrownianNoise::BrownianNoise(const Shape& shape, std::span<const float> sigmas, uint64_t seed)
    : path_(shape, positive_range(sigmas).first, positive_range(sigmas).second, seed) {}

Tensor BrownianNoise::at(float sigma) {
  for (const Point& point : recent_) {
    if (point.sigma == sigma) return point.value;
  }
  constexpr size_t kKept = 3;
  if (recent_.size() == kKept) recent_.erase(recent_.begin());
  recent_.push_back({sigma, path_.at(sigma)});
  return recent_.back().value;
}

Tensor BrownianNoise::operator()(float from, float to) {
  const Tensor at_from = at(from);
  const Tensor at_to = at(to);
  const double scale = 1.0 / std::sqrt(static_cast<double>(from) - to);
  // Time runs with sigma and the walk against it: the increment changes sign.
  return weighted_sum({{scale, at_to}, {-scale, at_from}});
}

}  // namespace zanime::sampling
