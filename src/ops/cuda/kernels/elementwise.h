// Work value by value, and rows that are copied.
#pragma once

#include <cstdint>

#include "base/dtype.h"
#include "ops/cuda/kernels/kernel.h"
#include "ops/cuda/kernels/norms.h"

namespace zanime::ops::cuda {

// out = x / (1 + exp(-x)) of `count` activations. out may be x.
void silu(Stream stream, DType dtype, int64_t count, const void* x, void* out);
// gate = silu(gate) * up
void silu_multiply(Stream stream, DType dtype, int64_t count, void* gate, const void* up);
// sum += factor * x, where the sum is of type `sum_type`.
void add(Stream stream, DType dtype, int64_t count, DType sum_type, void* sum, const void* x,
         float factor = 1.0f);
// x = slope * x where it is not positive, with the slope of its column: slopes [columns] in
// float32, or `slope` for all where that is null.
void prelu(Stream stream, const RowsShape& shape, void* x, const float* slopes, float slope);
// out = (x + residual) * (sigmoid(x) - 1/2), residual of type `residual_type`.
void sigmoid_attention(Stream stream, DType dtype, int64_t count, const void* x,
                       DType residual_type, const void* residual, void* out);
// rows += bias, bias [columns] in float32.
void add_bias(Stream stream, const RowsShape& shape, void* rows, const float* bias);
// out = x in another type of activations.
void convert(Stream stream, DType from, DType to, int64_t count, const void* x, void* out);

// `rows` rows of `columns` values, for each of `items` items: copied from the row `from_first` of
// an item to the row `to_first`. An item of the source is from_rows rows long, one of the target
// to_rows; from_rows 0 gives every item the same rows, and from_step 0 the same row again and
// again.
struct RowCopy {
  DType dtype = DType::kF32;
  int64_t items = 1;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t from_rows = 0;
  int64_t from_first = 0;
  int64_t from_step = 1;
  int64_t to_rows = 0;
  int64_t to_first = 0;
};
void copy_rows(Stream stream, const RowCopy& copy, const void* from, void* to);
// Rows [rows, columns] into the columns from `to_first` on of rows of `to_columns` values.
void copy_columns(Stream stream, const RowsShape& shape, const void* from, int64_t to_columns,
                  int64_t to_first, void* to);
// Rows ids[i] of table [.., columns] behind one another.
void gather_rows(Stream stream, DType dtype, int64_t columns, const void* table, const int32_t* ids,
                 int64_t count, void* out);

}  // namespace zanime::ops::cuda
