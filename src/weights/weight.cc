#include "weights/weight.h"

#include "weights/safetensors.h"

namespace zanime {

int64_t Weight::bytes() const {
  int64_t total = 0;
  for (const WeightPart& part : parts_) total += part.rows * columns() * dtype_size(part.dtype);
  return total;
}

Tensor to_float32(const Weight& weight) {
  Tensor result(weight.shape());
  float* out = result.data();
  const int64_t columns = weight.columns();
  for (const WeightPart& part : weight.parts()) {
    convert_to_float32(part.data, part.dtype, part.rows * columns, out);
    for (int64_t row = 0; row < part.rows; ++row, out += columns) {
      const float scale =
          part.row_scales ? (*part.row_scales)[static_cast<size_t>(row)] : part.scale;
      if (scale == 1.0f) continue;
      for (int64_t i = 0; i < columns; ++i) out[i] *= scale;
    }
  }
  return result;
}

}  // namespace zanime
