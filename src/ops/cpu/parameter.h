// Biases and the weights of norms.
#pragma once

#include "base/tensor.h"
#include "ops/cpu/row_kernels.h"
#include "weights/weight.h"

namespace zanime::ops::cpu {

// The whole weight in float32, changes applied; empty for an empty one. For vectors: they are
// converted anew at each use, which costs microseconds.
Tensor parameter(const RowKernels& kernels, const weights::Weight& weight);

}  // namespace zanime::ops::cpu
