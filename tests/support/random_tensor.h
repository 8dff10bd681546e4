// Small reproducible test data.
#pragma once

#include <cmath>
#include <cstdint>
#include <random>

#include "base/tensor.h"

namespace zanime::testing {

// Uniform values in [-1, 1).
inline Tensor random_tensor(Shape shape, uint32_t seed) {
  std::mt19937 generator(seed);
  Tensor tensor(std::move(shape));
  for (float& value : tensor.values()) {
    value = static_cast<float>(generator()) * std::ldexp(1.0f, -31) - 1.0f;
  }
  return tensor;
}

// The largest |a - b|; infinity where the shapes differ or a value is not finite.
inline double max_difference(const Tensor& a, const Tensor& b) {
  if (a.shape() != b.shape() || !all_finite(a) || !all_finite(b)) return INFINITY;
  double largest = 0;
  for (int64_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::fabs(double{a.data()[i]} - double{b.data()[i]}));
  }
  return largest;
}

inline double max_magnitude(const Tensor& a) {
  double largest = 0;
  for (float value : a.values()) largest = std::max(largest, std::fabs(double{value}));
  return largest;
}

}  // namespace zanime::testing
