// The Lanczos filter on 8-bit pictures, with Pillow's rounding.
#pragma once

#include <cstdint>

#include "base/tensor.h"

namespace zanime::pictures {

// [batch, height, width, channels] -> [batch, new_height, new_width, channels]. Values are clamped
// to [0, 1] and cut to 8 bits first. Filter weights are whole numbers of 2^-22; each pass, first
// across, then down, ends in 8 bits. An axis whose size stays is not filtered.
Tensor resize_lanczos(const Tensor& pixels, int64_t new_height, int64_t new_width);

}  // namespace zanime::pictures
