// Pictures of more than 8 bits on disk.
#pragma once

#include <cstddef>
#include <vector>

#include "base/tensor.h"
#include "pictures/picture_metadata.h"

namespace zanime::pictures {

// A PNG of 16 bits of `pixels` [height, width, 3 or 4], values 0 to 1. A value is floor(65535 x) of
// x clamped to [0, 1], as in ComfyUI. Throws Error(kNumeric) for NaN.
std::vector<std::byte> encode_deep_png(const Tensor& pixels, const PictureMetadata& metadata);

// What the numbers of a picture mean.
enum class ColourEncoding {
  kSrgb,    // Rec. 709 colours by sRGB's curve
  kHlg,     // Rec. 2020 colours by the HLG curve of BT.2100
  kLinear,  // Rec. 709 colours, light itself
};

// An OpenEXR file (openexr.com/en/latest/OpenEXRFileLayout.html) of float32 samples, not packed, of
// `pixels` [height, width, 3 or 4]: light, in the colours that they had. The prompt becomes an
// attribute.
std::vector<std::byte> encode_exr(const Tensor& pixels, ColourEncoding encoding,
                                  const PictureMetadata& metadata);

}  // namespace zanime::pictures
