// Convolutions, bought from oneDNN.
#pragma once

#include "ops/cpu/row_kernels.h"
#include "ops/ops.h"

namespace zanime::ops::cpu {

// As Backend::conv2d.
Tensor conv2d(const RowKernels& kernels, const Tensor& x, const Conv2d& layer);

}  // namespace zanime::ops::cpu
