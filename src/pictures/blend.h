// Blending two pictures of one size: the modes of ImageBlend and those of Porter and Duff
// ("Compositing Digital Images", 1984) with their later company.
#pragma once

#include <string>
#include <vector>

#include "base/tensor.h"

namespace zanime::pictures {

std::vector<std::string> blend_modes();
// `base` with `amount` (0 to 1) of what the mode makes of the two, clamped to [0, 1]. Of four
// channels the last, transparency, stays that of `base`. Both tensors have the same shape
// [batch, height, width, channels]. "difference" is signed before it is clamped.
Tensor blend(const Tensor& base, const Tensor& other, const std::string& mode, float amount);

std::vector<std::string> porter_duff_modes();
// A picture and how much it hides, 0 to 1.
struct Layer {
  Tensor pixels;  // [batch, height, width, channels], not multiplied by alpha
  Tensor alpha;   // [batch, height, width]
};
// The source over, in, out of … the destination. All sizes are the same.
Layer porter_duff(const Layer& source, const Layer& destination, const std::string& mode);

}  // namespace zanime::pictures
