// The inner loops of the CPU backend: plain functions over rows, one set per instruction set.
//
// Everything here runs on one thread and touches only its arguments; how rows are shared among
// threads is decided by the callers.
#pragma once

#include <cstddef>
#include <cstdint>

namespace zanime::ops::cpu {

// Outputs of a linear layer whose weights lie packed beside each other (ops/cpu/packed_product.h).
constexpr int64_t kPackedOutputs = 32;

struct Matrix;
struct PackedShape;

struct RowKernels {
  const char* level;  // of cpu_levels() (ops/cpu/cpu_level.h)

  // The product of multiply_packed in bfloat16, with sums in float32: w as pack_bf16 leaves it, an
  // even depth. Null where this level has none.
  void (*multiply_bf16)(const PackedShape& shape, const uint16_t* x, const uint16_t* w, Matrix out);

  // out[i] = scale * in[i] for n stored values.
  void (*convert_f32)(const std::byte* in, float scale, float* out, int64_t n);
  void (*convert_f16)(const std::byte* in, float scale, float* out, int64_t n);
  void (*convert_bf16)(const std::byte* in, float scale, float* out, int64_t n);
  void (*convert_f8e4m3)(const std::byte* in, float scale, float* out, int64_t n);
  void (*convert_f8e5m2)(const std::byte* in, float scale, float* out, int64_t n);
  void (*convert_i8)(const std::byte* in, float scale, float* out, int64_t n);
  // As rotate_groups (weights/rotation.h).
  void (*rotate)(float* x, int64_t n, int64_t group);

  // Weights [rows <= kPackedOutputs, columns] of as many outputs as [columns][kPackedOutputs]; what
  // lies behind `rows` is left as it is.
  void (*pack)(const float* in, int64_t rows, int64_t columns, float* out);
  // The same in bfloat16, pairs of columns together: [columns / 2][kPackedOutputs][2]. columns
  // even.
  void (*pack_bf16)(const float* in, int64_t rows, int64_t columns, uint16_t* out);
  // The same of values in F8_E4M3, `stride` bytes from one row to the next.
  void (*pack_f8e4m3_bf16)(const std::byte* in, int64_t stride, int64_t rows, int64_t columns,
                           uint16_t* out);
  // out = x in bfloat16, to nearest and ties to even; the second leaves it in float32, and out may
  // be x.
  void (*to_bf16)(const float* x, uint16_t* out, int64_t n);
  void (*round_to_bf16)(const float* x, float* out, int64_t n);

  // The largest |x|; NaN where one is.
  float (*absolute_max)(const float* x, int64_t n);
  // out = round(factor * x) + offset as bytes; returns the sum without the offset. factor * x lies
  // within [-127, 127].
  int32_t (*quantize)(const float* x, float factor, int32_t offset, uint8_t* out, int64_t n);
  // out = scale * scales[i] * (x[i] - 128 * sums[i]), added to what is there where `add`.
  void (*dequantize)(const int32_t* x, const int32_t* sums, const float* scales, float scale,
                     bool add, float* out, int64_t n);

  // out = x / sqrt(mean(x^2) + epsilon) * weight * (1 + scale); scale may be null.
  void (*rms_norm)(const float* x, const float* weight, const float* scale, float epsilon,
                   float* out, int64_t n);
  // out = (x - mean) / sqrt(variance + epsilon) * (1 + scale)
  void (*layer_norm)(const float* x, const float* scale, float epsilon, float* out, int64_t n);
  // sum += factor * rms_norm(x, weight); factor may be null.
  void (*norm_add)(const float* x, const float* weight, const float* factor, float epsilon,
                   float* sum, int64_t n);
  // x = rms_norm(x, weight) rotated; n = head_dim, cos and sin n / 2 values.
  void (*head_norm_rope_half)(float* x, const float* weight, float epsilon, const float* cos,
                              const float* sin, int64_t n);
  void (*head_norm_rope_pairs)(float* x, const float* weight, float epsilon, const float* cos,
                               const float* sin, int64_t n);

  // out = silu(x); out may be x.
  void (*silu)(const float* x, float* out, int64_t n);
  // gate = silu(gate) * up
  void (*silu_multiply)(float* gate, const float* up, int64_t n);
  // x = exp(scale * (x - max(x))); returns the sum. One row of a softmax, not yet divided.
  float (*softmax_exp)(float* x, float scale, int64_t n);
  void (*multiply_scalar)(float* x, float factor, int64_t n);
  // sum += x
  void (*add)(float* sum, const float* x, int64_t n);
  // sum += factor * x
  void (*add_scaled)(float* sum, const float* x, float factor, int64_t n);
  // x = slopes[i] * x where it is not positive.
  void (*prelu)(float* x, const float* slopes, int64_t n);
  // out = (x + residual) * (sigmoid(x) - 1/2)
  void (*sigmoid_attention)(const float* x, const float* residual, float* out, int64_t n);
  // out = x * factor + offset, channel by channel, then SiLU if asked.
  void (*affine)(const float* x, const float* factor, const float* offset, bool with_silu,
                 float* out, int64_t n);
  // Adds x and x^2 to per-channel sums.
  void (*accumulate_moments)(const float* x, double* sum, double* sum_of_squares, int64_t n);
};

const RowKernels& baseline_kernels();
const RowKernels& avx2_kernels();    // AVX2, FMA and F16C
const RowKernels& avx512_kernels();  // AVX-512 F, BW, DQ and VL as well

}  // namespace zanime::ops::cpu
