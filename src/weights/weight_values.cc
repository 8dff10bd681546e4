#include "weights/weight_values.h"

#include <atomic>
#include <cmath>
#include <vector>

#include "base/parallel.h"
#include "weights/weight_delta.h"

namespace zanime::weights {

void rows_to_float32(const Weight& weight, int64_t first, int64_t rows, float* out) {
  const int64_t columns = weight.columns();
  const PlainBlockMath math;
  const WeightBlock block{first, rows, 0, columns};
  math.convert(weight, block, out);
  if (weight.changes().empty()) return;
  std::vector<float> work(static_cast<size_t>(2 * rows * columns));
  apply_changes(weight, block, math, work.data(), out);
}

Tensor to_float32(const Weight& weight) {
  Tensor result(weight.shape());
  rows_to_float32(weight, 0, weight.rows(), result.data());
  return result;
}

bool all_rows_finite(const Weight& weight) {
  constexpr int64_t kRowsAtOnce = 16;
  std::atomic<bool> finite = true;
  parallel_for_ranges(weight.rows(), kRowsAtOnce, [&](int64_t begin, int64_t end) {
    if (!finite) return;
    std::vector<float> values(static_cast<size_t>((end - begin) * weight.columns()));
    rows_to_float32(weight, begin, end - begin, values.data());
    for (const float value : values) {
      if (!std::isfinite(value)) finite = false;
    }
  });
  return finite;
}

}  // namespace zanime::weights
