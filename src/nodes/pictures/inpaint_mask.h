// Masks of pictures to be repainted.
#pragma once

#include <cstdint>

#include "base/tensor.h"

namespace zanime::nodes {

// A mask [batch, any height, any width] resized (bilinear) to the picture it belongs to, [.., H, W,
// 3], and cut like it to multiples of 8: [batch, H', W'].
Tensor mask_for_pixels(const Tensor& mask, const Tensor& pixels);

// Pictures with mid-grey wherever the rounded mask is 1. The mask is one for all pictures or one
// for each, else Error(kGraph).
Tensor grey_where_masked(const Tensor& pixels, const Tensor& mask);

// The rounded mask, made 1 in a square of `by` x `by` pixels around each 1; an even square reaches
// one pixel further down and to the right.
Tensor grow_mask(const Tensor& mask, int64_t by);

}  // namespace zanime::nodes
