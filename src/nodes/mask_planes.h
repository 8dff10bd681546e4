// Between pictures and masks.
#pragma once

#include <string>

#include "base/tensor.h"

namespace zanime::nodes {

// One colour ("red", "green" or "blue") of pictures [batch, height, width, 3]: [batch, height,
// width].
Tensor colour_plane(const Tensor& pixels, const std::string& colour);

// Masks [batch, height, width] as grey pictures [batch, height, width, 3].
Tensor grey_pixels(const Tensor& mask);

}  // namespace zanime::nodes
