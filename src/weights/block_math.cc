#include "weights/block_math.h"

#include <algorithm>

#include "weights/rotation.h"
#include "weights/value_conversion.h"

namespace zanime::weights {

void PlainBlockMath::multiply(int64_t m, int64_t n, int64_t k, float alpha, const float* a,
                              const float* b, int64_t b_stride, float beta, float* c) const {
  for (int64_t row = 0; row < m; ++row, a += k, c += n) {
    for (int64_t i = 0; i < n; ++i) c[i] = beta == 0.0f ? 0.0f : beta * c[i];
    for (int64_t inner = 0; inner < k; ++inner) {
      const float factor = alpha * a[inner];
      const float* from = b + inner * b_stride;
      for (int64_t i = 0; i < n; ++i) c[i] += factor * from[i];
    }
  }
}

void PlainBlockMath::convert(const Weight& weight, const WeightBlock& block, float* out) const {
  const int64_t row_size = weight.columns();
  int64_t part_begin = 0;
  for (const WeightPart& part : weight.parts()) {
    const int64_t begin = std::max(block.row, part_begin);
    const int64_t end = std::min(block.row + block.rows, part_begin + part.rows);
    for (int64_t row = begin; row < end; ++row) {
      const int64_t local = row - part_begin;
      const std::byte* data = part.data + dtype_bytes(part.dtype, local * row_size + block.column);
      convert_to_float32(data, part.dtype, block.columns, out);
      const float scale =
          part.row_scales ? (*part.row_scales)[static_cast<size_t>(local)] : part.scale;
      if (scale != 1.0f) {
        for (int64_t i = 0; i < block.columns; ++i) out[i] *= scale;
      }
      if (part.rotation != 0) rotate_groups(out, block.columns, part.rotation);
      out += block.columns;
    }
    part_begin += part.rows;
  }
}

}  // namespace zanime::weights
