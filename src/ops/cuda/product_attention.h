// Attention out of matrix products and a softmax, for what the library has none of its own: float32
// and heads of more than 256 values. Scores are computed for as many queries at a time as fit a
// fixed amount of memory.
#pragma once

#include "ops/cuda/device.h"

namespace zanime::ops::cuda {

// As Library::attend, of type kF32 or kBF16.
void product_attention(Memory& memory, Library& library, const Attention& attention, DType dtype,
                       const void* qkv, void* out);

}  // namespace zanime::ops::cuda
