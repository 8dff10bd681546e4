#include "sampling/noise.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

namespace zanime::sampling {
namespace {

constexpr int kStateSize = 624;
constexpr int kShiftSize = 397;
// PyTorch draws whole blocks where a tensor has at least one, and single values where it has not.
constexpr int64_t kBlock = 16;

}  // namespace

MersenneTwister::MersenneTwister(uint64_t seed) {
  state_[0] = static_cast<uint32_t>(seed);
  for (uint32_t i = 1; i < kStateSize; ++i) {
    const uint32_t previous = state_[i - 1];
    state_[i] = 1812433253u * (previous ^ (previous >> 30)) + i;
  }
}

uint32_t MersenneTwister::next() {
  if (position_ == kStateSize) {
    for (int i = 0; i < kStateSize; ++i) {
      const uint32_t joined =
          (state_[i] & 0x80000000u) | (state_[(i + 1) % kStateSize] & 0x7fffffffu);
      state_[i] = state_[(i + kShiftSize) % kStateSize] ^ (joined >> 1) ^
                  ((joined & 1u) != 0 ? 0x9908b0dfu : 0u);
    }
    position_ = 0;
  }
  uint32_t value = state_[position_++];
  value ^= value >> 11;
  value ^= (value << 7) & 0x9d2c5680u;
  value ^= (value << 15) & 0xefc60000u;
  return value ^ (value >> 18);
}

uint64_t MersenneTwister::next64() {
  const uint64_t high = next();
  return (high << 32) | next();
}

Tensor NoiseGenerator::normal(const Shape& shape) {
  Tensor out(shape);
  if (out.size() >= kBlock) {
    fill_blocks(out.values());
  } else {
    for (float& value : out.values()) value = static_cast<float>(next_normal());
  }
  return out;
}

// Box-Muller on blocks of 16 uniforms: the first eight give radii, the last eight angles.
void NoiseGenerator::fill_blocks(std::span<float> out) {
  const auto draw = [this](std::span<float> values) {
    for (float& value : values) value = static_cast<float>(twister_.next() & 0xffffffu) * 0x1p-24f;
  };
  const auto transform = [](std::span<float> block) {
    for (size_t j = 0; j < kBlock / 2; ++j) {
      const float u1 = 1.0f - block[j];
      const float u2 = block[j + kBlock / 2];
      const float radius = std::sqrt(-2.0f * std::log(u1));
      const float angle = 2.0f * std::numbers::pi_v<float> * u2;
      block[j] = radius * std::cos(angle);
      block[j + kBlock / 2] = radius * std::sin(angle);
    }
  };
  draw(out);
  for (size_t begin = 0; begin + kBlock <= out.size(); begin += kBlock) {
    transform(out.subspan(begin, kBlock));
  }
  if (out.size() % kBlock != 0) {
    const std::span<float> tail = out.last(kBlock);
    draw(tail);
    transform(tail);
  }
}

double NoiseGenerator::next_normal() {
  if (spare_) {
    const double value = *spare_;
    spare_.reset();
    return value;
  }
  const auto uniform = [this] {
    return static_cast<double>(twister_.next64() & ((uint64_t{1} << 53) - 1)) * 0x1p-53;
  };
  const double angle = 2.0 * std::numbers::pi * uniform();
  const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
  spare_ = radius * std::sin(angle);
  return radius * std::cos(angle);
}

Tensor normal_noise(const Shape& shape, uint64_t seed) {
  return NoiseGenerator(seed).normal(shape);
}

Tensor indexed_noise(const Shape& shape, uint64_t seed, std::span<const int64_t> indices) {
  Shape whole = shape, one = shape;
  whole[0] = static_cast<int64_t>(indices.size());
  one[0] = 1;
  Tensor noise(whole);
  NoiseGenerator generator(seed);
  const int64_t last = *std::max_element(indices.begin(), indices.end());
  for (int64_t index = 0; index <= last; ++index) {
    const Tensor picture = generator.normal(one);
    for (size_t i = 0; i < indices.size(); ++i) {
      if (indices[i] != index) continue;
      Tensor place = noise.rows(static_cast<int64_t>(i), 1);
      std::copy(picture.values().begin(), picture.values().end(), place.data());
    }
  }
  return noise;
}

}  // namespace zanime::sampling
