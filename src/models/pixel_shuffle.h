// Between pixels and channels, on the host.
#pragma once

#include <cstdint>

#include "base/tensor.h"

namespace zanime::models {

// [B, H, W, C * factor^2] -> [B, factor * H, factor * W, C]: each pixel's channels become a square
// of pixels. Channel c * factor^2 + i * factor + j goes to row i, column j (Shi et al. 2016, arXiv
// 1609.05158).
Tensor pixel_shuffle(const Tensor& x, int64_t factor);

// The inverse. H and W are multiples of the factor.
Tensor pixel_unshuffle(const Tensor& x, int64_t factor);

// Rows below and columns to the right of [B, H, W, C], up to height x width: the picture mirrored
// at its last row and column, and where that is used up, the last again and again.
Tensor mirrored_to_size(const Tensor& x, int64_t height, int64_t width);

}  // namespace zanime::models
