// Convolutions out of matrix products, for what the library has none of its own. What the kernel
// sees is written out for as many output pixels at a time as fit a fixed amount of memory.
#pragma once

#include "ops/cuda/device.h"

namespace zanime::ops::cuda {

// As Library::convolve.
void product_convolution(Memory& memory, Library& library, const Convolution& convolution,
                         const void* x, const void* weight, const float* bias, void* out);

}  // namespace zanime::ops::cuda
