// A block of a stored weight in float32.
#pragma once

#include <cstdint>

#include "ops/cpu/row_kernels.h"
#include "weights/weight.h"

namespace zanime::ops::cpu {

// Columns of a weight that are best converted at a time, of kPackedOutputs rows: what comes of it
// stays in the first-level cache, and of weights in blocks or groups, which are converted whole, or
// with changes in the second-level one.
int64_t conversion_columns(const Weight& weight);

// out [rows, columns] = the weight's rows [first, first + rows), columns [column, column + columns)
// in float32, changes applied. Of a weight in blocks, the columns begin and end where blocks do.
void convert_block(const RowKernels& kernels, const Weight& weight, int64_t first, int64_t rows,
                   int64_t column, int64_t columns, float* out);

}  // namespace zanime::ops::cpu
