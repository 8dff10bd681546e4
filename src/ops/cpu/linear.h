// Matrix products with weights that stay in their file.
#pragma once

#include <span>

#include "ops/cpu/row_kernels.h"
#include "ops/ops.h"

namespace zanime::ops::cpu {

// What both factors of a product are rounded to before they are multiplied; sums are float32.
enum class Rounding { kNone, kBFloat16 };

// Throws std::invalid_argument unless x [.., in] and out [.., out] fit the layer.
void check_linear(const Tensor& x, const Linear& layer, const Tensor& out);

// Outputs that a thread takes at a time of a layer with so many: `most` at most, a multiple of
// `multiple`, and such that all threads have as much to do.
int64_t even_panel(int64_t outputs, int64_t most, int64_t multiple);

// out [rows of x, out] = x W^T + bias, or out += that where `accumulate`.
void linear(const RowKernels& kernels, const Tensor& x, const Linear& layer, Rounding rounding,
            bool accumulate, Tensor& out);

// hidden = silu(gate(x)) * up(x), both products of one panel made while x is hot.
void gated_linear(const RowKernels& kernels, const Tensor& x, const Linear& gate, const Linear& up,
                  Rounding rounding, Tensor& hidden);

// Rows `ids` of a table in float32.
void embedding_rows(const RowKernels& kernels, const weights::Weight& table,
                    std::span<const int32_t> ids, Tensor& out);

}  // namespace zanime::ops::cpu
