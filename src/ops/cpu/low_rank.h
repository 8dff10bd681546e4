// Adapters beside a layer: y += s (x down^T) up^T, so that the layer's own weights stay as they are
// (LoRA, Hu et al. 2021, arXiv 2106.09685).
#pragma once

#include "base/tensor.h"
#include "ops/cpu/row_kernels.h"
#include "weights/weight.h"

namespace zanime::ops::cpu {

// Whether all changes of the weight can be applied this way: products of low rank, added as they
// are.
bool runs_beside(const weights::Weight& weight);

// out [.., out] += what the changes of the weight [out, in] make of x [.., in]. Only where
// runs_beside().
void add_changes(const RowKernels& kernels, const Tensor& x, const weights::Weight& weight,
                 Tensor& out);

}  // namespace zanime::ops::cpu
