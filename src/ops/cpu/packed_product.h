// Products of rows with packed weights, bought from libxsmm, which generates code for every shape
// that it is asked for.
#pragma once

#include <cstdint>

#include "ops/cpu/gemm.h"

namespace zanime::ops::cpu {

// out [rows, outputs] = x [rows, depth] w^T, added to what is there where `accumulate`. outputs is
// kPackedOutputs (ops/cpu/row_kernels.h) at most.
struct PackedShape {
  int64_t rows = 0;
  int64_t outputs = 0;
  int64_t depth = 0;
  int64_t x_stride = 0;
  bool accumulate = false;
};

// w packed as RowKernels::pack does it. Every output's sum runs over the depth in its order,
// whatever the shape.
void multiply_packed(const PackedShape& shape, const float* x, const float* w, Matrix out);
// x and w in bfloat16, w packed as RowKernels::pack_bf16 does it, sums in float32. depth is even.
// Only where libxsmm_multiplies_bf16().
void multiply_packed_bf16(const PackedShape& shape, const uint16_t* x, const uint16_t* w,
                          Matrix out);

// Takes no instructions beyond those of a level of cpu_levels(). Like oneDNN, libxsmm keeps code
// that it has made: to be called before the first product.
void limit_packed_products(const char* level);
// Does this CPU have AVX512_BF16, and does libxsmm make code for it?
bool libxsmm_multiplies_bf16();

}  // namespace zanime::ops::cpu
