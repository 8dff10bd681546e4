// Scaled dot-product attention (Vaswani et al. 2017, arXiv 1706.03762).
#pragma once

#include "ops/cpu/row_kernels.h"
#include "ops/ops.h"

namespace zanime::ops::cpu {

// As Backend::attention. Working memory is one strip of scores per thread, never tokens x tokens.
Tensor attention(const RowKernels& kernels, const Tensor& qkv, const AttentionLayout& layout,
                 bool causal);

}  // namespace zanime::ops::cpu
