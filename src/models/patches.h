// Between a latent picture and the tokens that a transformer sees of it.
#pragma once

#include <cstdint>

#include "base/tensor.h"

namespace zanime::models {

// [B, C, H, W] -> [B, rows * columns, patch * patch * C]: patches in row order; inside a patch the
// order is row, column, channel. Rows and columns beyond the picture wrap around.
Tensor patchify(const Tensor& latent, int64_t patch, int64_t rows, int64_t columns);

// The inverse, negated. `patches` [B, tokens, patch * patch * C] has the picture's patches from
// token `first` on, so many columns a row; `latent_shape` is [B, C, H, W].
Tensor unpatchify_negated(const Tensor& patches, const Shape& latent_shape, int64_t patch,
                          int64_t first, int64_t columns);

}  // namespace zanime::models
