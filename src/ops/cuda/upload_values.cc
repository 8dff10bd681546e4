#include <algorithm>
#include <vector>

#include "base/parallel.h"
#include "ops/cuda/linear.h"
#include "weights/weight_values.h"

namespace zanime::ops::cuda {
namespace {

// Rows that a thread converts at a time.
constexpr int64_t kRowGrain = 16;

std::vector<float> float_values(const weights::Weight& weight) {
  const int64_t columns = weight.columns();
  std::vector<float> values(static_cast<size_t>(weight.rows() * columns));
  parallel_for_ranges(weight.rows(), kRowGrain, [&](int64_t begin, int64_t end) {
    weights::rows_to_float32(weight, begin, end - begin, values.data() + begin * columns);
  });
  return values;
}

void upload_as(Memory& memory, const std::vector<float>& values, DType dtype, void* to) {
  const auto count = static_cast<int64_t>(values.size());
  if (dtype == DType::kF32) return memory.upload(to, {values.data(), count * 4});
  std::vector<uint16_t> rounded(values.size());
  std::transform(values.begin(), values.end(), rounded.begin(), f32_to_bf16);
  memory.upload(to, {rounded.data(), count * 2});
}

}  // namespace

void upload_values(Memory& memory, const weights::Weight& weight, DType dtype, void* to) {
  upload_as(memory, float_values(weight), dtype, to);
}

void upload_filter(Memory& memory, const weights::Weight& weight, DType dtype, void* to) {
  const std::vector<float> values = float_values(weight);
  const Shape& shape = weight.shape();
  const int64_t outputs = shape[0], inputs = shape[1], taps = shape[2] * shape[3];
  std::vector<float> filter(values.size());
  for (int64_t o = 0; o < outputs; ++o) {
    for (int64_t i = 0; i < inputs; ++i) {
      for (int64_t tap = 0; tap < taps; ++tap) {
        filter[(o * taps + tap) * inputs + i] = values[(o * inputs + i) * taps + tap];
      }
    }
  }
  upload_as(memory, filter, dtype, to);
}

}  // namespace zanime::ops::cuda
