#include "ops/cuda/product_attention.h"

#include <algorithm>
#include <cmath>

#include "ops/cuda/kernels/norms.h"

namespace zanime::ops::cuda {
namespace {

// Scores that lie in memory at a time: 256 MiB of them.
constexpr int64_t kMostScores = int64_t{64} << 20;
// Rows of scores begin where products read them fast.
constexpr int64_t kScoreStep = 8;

}  // namespace

void product_attention(Memory& memory, Library& library, const Attention& attention, DType dtype,
                       const void* qkv, void* out) {
  const int64_t tokens = attention.tokens, head_dim = attention.head_dim;
  const int64_t shared = attention.query_heads / attention.kv_heads;  // queries of a key head
  const int64_t row_size = (attention.query_heads + 2 * attention.kv_heads) * head_dim;
  const int64_t out_size = attention.query_heads * head_dim;
  const int64_t stride = (tokens + kScoreStep - 1) / kScoreStep * kScoreStep;
  const int64_t chunk = std::clamp<int64_t>(kMostScores / (stride * shared), 1, tokens);
  const auto scores = memory.allocate(dtype_bytes(DType::kF32, shared * chunk * stride));
  const auto probabilities =
      dtype == DType::kF32 ? scores : memory.allocate(dtype_bytes(dtype, shared * chunk * stride));
  const auto values_at = [&](const void* base, int64_t index) {
    return static_cast<const std::byte*>(base) + dtype_bytes(dtype, index);
  };

  for (int64_t item = 0; item < attention.batch; ++item) {
    for (int64_t head = 0; head < attention.kv_heads; ++head) {
      const int64_t rows = item * tokens * row_size;
      const void* keys = values_at(qkv, rows + (attention.query_heads + head) * head_dim);
      const void* values =
          values_at(qkv, rows + (attention.query_heads + attention.kv_heads + head) * head_dim);
      for (int64_t first = 0; first < tokens; first += chunk) {
        const int64_t count = std::min(chunk, tokens - first);
        library.multiply({.m = count,
                          .n = tokens,
                          .k = head_dim,
                          .factors = dtype,
                          .result = DType::kF32,
                          .a_stride = row_size,
                          .b_stride = row_size,
                          .d_stride = stride,
                          .batch = shared,
                          .a_step = head_dim,
                          .d_step = count * stride},
                         values_at(qkv, rows + first * row_size + head * shared * head_dim), keys,
                         scores.get());
        softmax(memory.stream(),
                {.rows = shared * count,
                 .columns = stride,
                 .visible = tokens,
                 .scale = 1.0f / std::sqrt(static_cast<float>(head_dim)),
                 .causal = attention.causal,
                 .first_visible = first + 1,
                 .period = count},
                static_cast<const float*>(scores.get()), dtype, probabilities.get());
        const int64_t target = (item * tokens + first) * out_size + head * shared * head_dim;
        library.multiply({.m = count,
                          .n = head_dim,
                          .k = tokens,
                          .factors = dtype,
                          .result = dtype,
                          .b_is_transposed = false,
                          .a_stride = stride,
                          .b_stride = row_size,
                          .d_stride = out_size,
                          .batch = shared,
                          .a_step = count * stride,
                          .d_step = head_dim},
                         probabilities.get(), values,
                         static_cast<std::byte*>(out) + dtype_bytes(dtype, target));
      }
    }
  }
}

}  // namespace zanime::ops::cuda
