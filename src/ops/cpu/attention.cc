#include "ops/cpu/attention.h"

#include <algorithm>
#include <cmath>

#include "base/parallel.h"
#include "ops/cpu/gemm.h"
#include "ops/cpu/scratch.h"

namespace zanime::ops::cpu {
namespace {

// Query rows of one strip. Large enough that reading keys and values once per strip costs little
// beside the products.
constexpr int64_t kStripRows = 128;

}  // namespace

Tensor attention(const RowKernels& kernels, const Tensor& qkv, const AttentionLayout& layout,
                 bool causal) {
  const int64_t tokens = layout.tokens;
  const int64_t head_dim = layout.head_dim;
  const int64_t stride = layout.row_size();
  const int64_t out_stride = layout.query_heads * head_dim;
  const int64_t group = layout.query_heads / layout.kv_heads;
  const int64_t strips = (tokens + kStripRows - 1) / kStripRows;
  const float scale = 1.0f / std::sqrt(static_cast<float>(head_dim));
  Tensor out(Shape{layout.batch * tokens, out_stride});

  parallel_for(layout.batch * layout.query_heads * strips, [&](int64_t index) {
    const int64_t strip = index % strips;
    const int64_t head = index / strips % layout.query_heads;
    const int64_t item = index / strips / layout.query_heads;
    const int64_t first = strip * kStripRows;
    const int64_t rows = std::min(kStripRows, tokens - first);
    // A causal strip looks at nothing behind its last row.
    const int64_t keys = causal ? first + rows : tokens;

    const float* item_qkv = qkv.data() + item * tokens * stride;
    const float* query = item_qkv + first * stride + head * head_dim;
    const float* key = item_qkv + (layout.query_heads + head / group) * head_dim;
    const float* value = key + layout.kv_heads * head_dim;
    float* result = out.data() + (item * tokens + first) * out_stride + head * head_dim;

    float* scores = scratch<float>(Scratch::kScores, rows * keys);
    gemm_nt(rows, keys, head_dim, {query, stride}, {key, stride}, 0.0f, {scores, keys});
    float inverse_sums[kStripRows];
    for (int64_t row = 0; row < rows; ++row) {
      const int64_t visible = causal ? first + row + 1 : keys;
      float* line = scores + row * keys;
      inverse_sums[row] = 1.0f / kernels.softmax_exp(line, scale, visible);
      std::fill(line + visible, line + keys, 0.0f);
    }
    gemm_nn(rows, head_dim, keys, {scores, keys}, {value, stride}, 0.0f, {result, out_stride});
    for (int64_t row = 0; row < rows; ++row) {
      kernels.multiply_scalar(result + row * out_stride, inverse_sums[row], head_dim);
    }
  });
  return out;
}

}  // namespace zanime::ops::cpu
