// Norms and rotations over rows, each one pass over memory. Sums are in float32 whatever the
// numbers are.
#pragma once

#include <cstdint>

#include "base/dtype.h"
#include "ops/cuda/kernels/kernel.h"

namespace zanime::ops::cuda {

// Rows [rows, columns] of activations of one type, kF32 or kBF16, one behind the other.
struct RowsShape {
  DType dtype = DType::kF32;
  int64_t rows = 0;
  int64_t columns = 0;
};

// out = x / sqrt(mean(x^2) + epsilon) * weight, times (1 + scale) where scale is not null. weight
// and scale [columns] in float32. The result is of type `to`.
void rms_norm(Stream stream, const RowsShape& shape, const void* x, const float* weight,
              const float* scale, float epsilon, DType to, void* out);
// out = (x - mean) / sqrt(variance + epsilon) * (1 + scale)
void layer_norm(Stream stream, const RowsShape& shape, const void* x, const float* scale,
                float epsilon, DType to, void* out);
// sum += tanh(gate) * rms_norm(x, weight), without the factor where gate is null. gate [columns].
// The sum is of type `sum_type`.
void gated_norm_add(Stream stream, const RowsShape& shape, const void* x, const float* weight,
                    const float* gate, float epsilon, DType sum_type, void* sum);

// Rows of float32 scores as probabilities of type `to`: exp(scale * (x - max)) / sum over the first
// `visible` columns. Causal: over the first `first_visible` + r % period of them in row r. The
// others become 0.
struct SoftmaxShape {
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t visible = 0;
  float scale = 1.0f;
  bool causal = false;
  int64_t first_visible = 1;
  int64_t period = 1;
};
// out may be x where both are float32.
void softmax(Stream stream, const SoftmaxShape& shape, const float* x, DType to, void* out);

// Heads that lie in rows of `row_size` values, the query heads first and the key heads behind.
struct HeadsShape {
  DType dtype = DType::kF32;
  int64_t rows = 0;
  int64_t row_size = 0;
  int64_t tokens = 0;  // row r is token r % tokens
  int64_t query_heads = 0;
  int64_t key_heads = 0;
  int64_t head_dim = 0;            // even, at most kLargestHead
  bool pairs_interleaved = false;  // else element i goes with i + head_dim / 2
};
constexpr int64_t kLargestHead = 512;

// Every query and key head = rms_norm(head, weight) rotated by its token's angles. Weights
// [head_dim], cosines and sines [tokens, head_dim / 2], all float32.
void head_norm_rope(Stream stream, const HeadsShape& shape, void* qkv, const float* query_weight,
                    const float* key_weight, float epsilon, const float* cosines,
                    const float* sines);

}  // namespace zanime::ops::cuda
