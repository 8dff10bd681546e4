// Normalisations over rows and over picture channels.
#pragma once

#include "ops/cpu/row_kernels.h"
#include "ops/ops.h"

namespace zanime::ops::cpu {

// Each as the function of the same name in Backend.
Tensor rms_norm(const RowKernels& kernels, const Tensor& x, const Tensor& weight, float epsilon,
                const Tensor& scale);
Tensor layer_norm(const RowKernels& kernels, const Tensor& x, float epsilon, const Tensor& scale);
void gated_norm_add(const RowKernels& kernels, Tensor& sum, const Tensor& x, const Tensor& weight,
                    float epsilon, const Tensor& gate);
void head_norm_rope(const RowKernels& kernels, Tensor& qkv, const AttentionLayout& layout,
                    const Tensor& query_weight, const Tensor& key_weight, float epsilon,
                    const RopeTable& rope);
Tensor group_norm(const RowKernels& kernels, const Tensor& x, int groups, const Tensor& weight,
                  const Tensor& bias, float epsilon, bool with_silu);

}  // namespace zanime::ops::cpu
