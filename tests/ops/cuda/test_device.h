// Where kernels are tested: on the host, or on the card in builds that have one.
#pragma once

#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "base/dtype.h"
#include "ops/cuda/kernels/kernel.h"

namespace zanime::ops::cuda {

// Memory that kernels reach.
class DeviceBytes {
 public:
  explicit DeviceBytes(size_t bytes);
  DeviceBytes(const void* from, size_t bytes) : DeviceBytes(bytes) { upload(from); }
  void* data() const { return data_.get(); }
  size_t bytes() const { return bytes_; }
  void upload(const void* from);
  void download(void* to) const;

 private:
  size_t bytes_;
  std::shared_ptr<void> data_;
};

// Values of one type in such memory.
class DeviceArray {
 public:
  // The values rounded to `dtype`: kF32 or kBF16.
  DeviceArray(DType dtype, const std::vector<float>& values);
  // `count` values of NaN.
  DeviceArray(DType dtype, size_t count) : DeviceArray(dtype, std::vector<float>(count, NAN)) {}
  void* data() const { return bytes_.data(); }
  float* floats() const { return static_cast<float*>(bytes_.data()); }
  std::vector<float> values() const;

 private:
  DType dtype_;
  size_t count_;
  DeviceBytes bytes_;
};

// The stream that tests launch kernels in.
inline Stream test_stream() { return nullptr; }

// Reproducible values in [-1, 1), scaled and shifted.
inline std::vector<float> random_values(size_t count, uint32_t seed, float scale = 1.0f,
                                        float shift = 0.0f) {
  std::mt19937 generator(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    value = (static_cast<float>(generator()) * 0x1p-31f - 1.0f) * scale + shift;
  }
  return values;
}

// As activations of that type hold them.
inline std::vector<float> rounded(DType dtype, std::vector<float> values) {
  if (dtype == DType::kBF16) {
    for (float& value : values) value = bf16_to_f32(f32_to_bf16(value));
  }
  return values;
}

// The largest |a - b|, in units that are relative above 1; infinity where one is not finite or the
// sizes differ.
inline double relative_difference(const std::vector<float>& a, const std::vector<double>& b) {
  if (a.size() != b.size()) return INFINITY;
  double largest = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    const double difference = std::abs(double{a[i]} - b[i]) / std::max(1.0, std::abs(b[i]));
    if (!(difference <= INFINITY)) return INFINITY;
    largest = std::max(largest, difference);
  }
  return largest;
}

// What one result rounded to that type may be off by: half a step of bfloat16 (8 bits), or a few of
// float32.
inline double tolerance(DType dtype) { return dtype == DType::kBF16 ? 0.0040 : 4e-6; }

}  // namespace zanime::ops::cuda
