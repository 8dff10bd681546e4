// Normalisations over rows and over picture channels.
#pragma once

#include "ops/cpu/row_kernels.h"
#include "ops/ops.h"

namespace zanime::ops::cpu {

// A RopeTable in the process's own memory.
struct HostRope {
  Tensor cos;
  Tensor sin;
  RopePairs pairs;
};

// Each as the function of the same name in Backend.
Tensor rms_norm(const RowKernels& kernels, const Tensor& x, const Tensor& weight, float epsilon,
                const Tensor& scale);
Tensor layer_norm(const RowKernels& kernels, const Tensor& x, float epsilon, const Tensor& scale);
void gated_norm_add(const RowKernels& kernels, Tensor& sum, const Tensor& x, const Tensor& weight,
                    float epsilon, const Tensor& gate);
void head_norm_rope(const RowKernels& kernels, Tensor& qkv, const AttentionLayout& layout,
                    const Tensor& query_weight, const Tensor& key_weight, float epsilon,
                    const HostRope& rope);
Tensor group_norm(const RowKernels& kernels, const Tensor& x, const GroupNorm& norm);

// What the norm makes of each channel: x * factor + offset, as [batch, 2, channels].
Tensor group_norm_factors(const RowKernels& kernels, const Tensor& x, const GroupNorm& norm);

}  // namespace zanime::ops::cpu
