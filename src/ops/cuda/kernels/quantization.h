// From the numbers of weight files to activations' numbers, and from those to 8 bits.
#pragma once

#include <cstdint>

#include "base/dtype.h"
#include "ops/cuda/kernels/kernel.h"
#include "ops/cuda/kernels/norms.h"

namespace zanime::ops::cuda {

// Stored rows of a weight: value = scale * stored, or row_scales[row] * stored where row_scales, in
// the card's memory, is not null.
struct StoredRows {
  DType dtype = DType::kF32;  // kF32, kF16, kBF16, kF8E4M3, kF8E5M2 or kI8
  int64_t rows = 0;
  int64_t columns = 0;
  float scale = 1.0f;
  const float* row_scales = nullptr;
  int64_t rotation = 0;  // as weights::WeightPart has it
};

// out = the values of the rows, in kF32 or kBF16.
void widen(Stream stream, const StoredRows& stored, const void* data, DType dtype, void* out);

// Rows of activations as 8-bit numbers of type `to`, kI8 or kF8E4M3: value = scale * stored, the
// largest |value| stored as 127 or 448. Each run of `rotation` columns is rotated first
// (weights/rotation.h), or none where that is 0. scales [rows]. A row with a NaN has the scale NaN.
void quantize_rows(Stream stream, const RowsShape& shape, const void* x, DType to, int64_t rotation,
                   float* scales, void* out);
// The most columns that are rotated.
constexpr int64_t kMostRotatedColumns = 12 * 1024 - kReductionFloats;
// The same to kF8E4M3 with one scale for all rows. row_scratch [rows], scale [1].
void quantize_tensor(Stream stream, const RowsShape& shape, const void* x, float* row_scratch,
                     float* scale, void* out);

// out = row_scales[r] * column_scales[c] * products[r, c] + bias[c], added to what is there if
// asked. bias may be null. out in kF32 or kBF16.
void dequantize_products(Stream stream, const RowsShape& shape, const int32_t* products,
                         const float* row_scales, const float* column_scales, const float* bias,
                         bool add, void* out);

}  // namespace zanime::ops::cuda
