// Colour spaces. Pictures are [batch, height, width, 3 or more], of which the first three channels
// are red, green and blue; results have three.
#pragma once

#include "base/tensor.h"

namespace zanime::pictures {

// sRGB's curve, IEC 61966-2-1: from a stored value to light.
float srgb_to_linear(float value);

// Brightness by ITU-R BT.601: [batch, height, width].
Tensor grey_of(const Tensor& pixels);

// Brightness and two differences from it, centred on 0.5 (ITU-R BT.601, rounded factors), and back.
Tensor rgb_to_ycbcr(const Tensor& pixels);
Tensor ycbcr_to_rgb(const Tensor& pixels);

// CIE 1976 L*a*b* of sRGB with the white of D65, and back, clamped to [0, 1].
Tensor rgb_to_lab(const Tensor& pixels);
Tensor lab_to_rgb(const Tensor& lab);

}  // namespace zanime::pictures
