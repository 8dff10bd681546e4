// Between pictures and masks.
#pragma once

#include <string>
#include <vector>

#include "base/tensor.h"

namespace zanime::pictures {

// What a file's mask can be taken from: its transparency or one of its colours.
const std::vector<std::string>& mask_channels();

// One colour ("red", "green", "blue", and "alpha" where there is a fourth channel) of pictures
// [batch, height, width, 3 or 4]: [batch, height, width].
Tensor colour_plane(const Tensor& pixels, const std::string& colour);

// Masks [batch, height, width] as grey pictures [batch, height, width, 3].
Tensor grey_pixels(const Tensor& mask);

}  // namespace zanime::pictures
