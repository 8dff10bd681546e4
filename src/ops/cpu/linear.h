// Matrix products with weights that stay in their file.
#pragma once

#include <span>

#include "ops/cpu/row_kernels.h"
#include "ops/ops.h"

namespace zanime::ops::cpu {

// Throws std::invalid_argument unless x [.., in] and out [.., out] fit the layer.
void check_linear(const Tensor& x, const Linear& layer, const Tensor& out);

// out [rows of x, out] = x W^T + bias, or out += that where `accumulate`.
void linear(const RowKernels& kernels, const Tensor& x, const Linear& layer, bool accumulate,
            Tensor& out);

// hidden = silu(gate(x)) * up(x), both products of one panel made while x is hot.
void gated_linear(const RowKernels& kernels, const Tensor& x, const Linear& gate, const Linear& up,
                  Tensor& hidden);

// Rows `ids` of a table in float32.
void embedding_rows(const RowKernels& kernels, const Weight& table, std::span<const int32_t> ids,
                    Tensor& out);

// out [rows, columns] = the weight's rows [first, first + rows), columns [column, column + columns)
// in float32, changes applied. Of a weight in blocks, the columns begin and end where blocks do.
void convert_block(const RowKernels& kernels, const Weight& weight, int64_t first, int64_t rows,
                   int64_t column, int64_t columns, float* out);

}  // namespace zanime::ops::cpu
