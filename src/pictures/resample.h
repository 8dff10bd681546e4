// Resizing pictures and latents with the arithmetic of the libraries whose results graphs expect:
// PyTorch's interpolate and Pillow's Lanczos filter on 8-bit values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace zanime::pictures {

// How to get from one size to another. By these names in `upscale_method`:
// - nearest-exact: the pixel whose area holds the new pixel's centre.
// - bilinear: between the 2 x 2 nearest centres, also when shrinking (no low-pass filter).
// - area: the mean over every pixel that the new pixel touches.
// - bicubic: cubic convolution over 4 x 4 (Keys 1981, a = -0.75), without a low-pass filter.
// - lanczos: the Lanczos filter with 3 lobes, widened when shrinking; for pictures only, since
//   values are clamped to [0, 1] and rounded to 8 bits, before, between and after the two passes.
// - bislerp: between neighbours along both axes in turn, by spherical interpolation of the vectors
//   that the channels form, with their lengths interpolated linearly.
enum class ResizeMethod { kNearestExact, kBilinear, kArea, kBicubic, kLanczos, kBislerp };

// Throws Error(kInternal) for a name that is none of the above.
ResizeMethod resize_method(const std::string& name);
std::vector<std::string> picture_resize_methods();  // all but bislerp
std::vector<std::string> latent_resize_methods();   // all but lanczos

// [batch, channels, height, width] -> [batch, channels, new_height, new_width]. Sizes are at least
// 1. Throws Error(kResource) where the result exceeds what one run can hold.
Tensor resize_planes(const Tensor& planes, int64_t new_height, int64_t new_width,
                     ResizeMethod method);
// The same for [batch, height, width, channels].
Tensor resize_pixels(const Tensor& pixels, int64_t new_height, int64_t new_width,
                     ResizeMethod method);

// The largest part of a height x width picture with the shape of new_height x new_width, in the
// middle; never empty.
struct CentreCrop {
  int64_t top = 0, left = 0, height = 0, width = 0;
};
CentreCrop centre_crop(int64_t height, int64_t width, int64_t new_height, int64_t new_width);

// Half to even, as Python's round.
int64_t round_half_even(double value);

// [B, H, W, C] -> [B, C, H, W] and back.
Tensor to_planes(const Tensor& pixels);
Tensor to_pixels(const Tensor& planes);
// The part [top, top + height) x [left, left + width) of each plane of [B, C, H, W].
Tensor crop_planes(const Tensor& planes, int64_t top, int64_t left, int64_t height, int64_t width);
// The same of [B, H, W, C].
Tensor crop_pixels(const Tensor& pixels, int64_t top, int64_t left, int64_t height, int64_t width);

}  // namespace zanime::pictures
