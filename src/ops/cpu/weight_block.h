// A block of a stored weight in float32.
#pragma once

#include <cstddef>
#include <cstdint>

#include "ops/cpu/row_kernels.h"
#include "weights/weight.h"

namespace zanime::ops::cpu {

// Columns that are converted at a time. Stored blocks and rotated groups, which are converted
// whole, are no longer. Fewer would fit the first-level cache better, but then rows are read a line
// of the cache at a time, which took up to twice as long.
constexpr int64_t kConvertedColumns = 256;

// out [rows, columns] = the weight's rows [first, first + rows), columns [column, column + columns)
// in float32, changes applied. Of a weight in blocks, the columns begin and end where blocks do.
void convert_block(const RowKernels& kernels, const weights::Weight& weight, int64_t first,
                   int64_t rows, int64_t column, int64_t columns, float* out);

// Where rows [first, first + rows) of the weight begin, if their bytes are plain F8_E4M3: no scale,
// no rotation, no change. Null elsewhere.
const std::byte* plain_f8e4m3_rows(const weights::Weight& weight, int64_t first, int64_t rows);

// out = the whole weight in float32, changes applied: for vectors, whose values lie one behind the
// other as those of a row do.
void convert_vector(const RowKernels& kernels, const weights::Weight& weight, float* out);

}  // namespace zanime::ops::cpu
