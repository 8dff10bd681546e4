#include "nodes/pictures/picture_tensors.h"

#include <algorithm>

#include "pictures/axes.h"

namespace zanime::nodes {
namespace {

Tensor as_pixels(const Tensor& mask) {
  return mask.reshaped({mask.dim(0), mask.dim(1), mask.dim(2), int64_t{1}});
}
Tensor as_mask(const Tensor& pixels) {
  return pixels.reshaped({pixels.dim(0), pixels.dim(1), pixels.dim(2)});
}

}  // namespace

Tensor with_channels(const Tensor& pixels, int64_t channels) {
  if (pixels.dim(3) > channels) return pictures::slice(pixels, 3, 0, channels);
  return pictures::pad(pixels, 3, 0, channels - pixels.dim(3), 1.0f);
}

Tensor fitted_pixels(const Tensor& pixels, int64_t height, int64_t width,
                     pictures::ResizeMethod method) {
  if (pixels.dim(1) == height && pixels.dim(2) == width) return pixels;
  const pictures::CentreCrop part =
      pictures::centre_crop(pixels.dim(1), pixels.dim(2), height, width);
  return pictures::resize_pixels(
      pictures::crop_pixels(pixels, part.top, part.left, part.height, part.width), height, width,
      method);
}

Tensor fitted_mask(const Tensor& mask, int64_t height, int64_t width,
                   pictures::ResizeMethod method) {
  return as_mask(fitted_pixels(as_pixels(mask), height, width, method));
}

Tensor resized_mask(const Tensor& mask, int64_t height, int64_t width,
                    pictures::ResizeMethod method) {
  return as_mask(pictures::resize_pixels(as_pixels(mask), height, width, method));
}

Tensor batched_pixels(std::vector<Tensor> batches) {
  int64_t channels = 0;
  for (const Tensor& pixels : batches) channels = std::max(channels, pixels.dim(3));
  for (Tensor& pixels : batches) {
    pixels = fitted_pixels(with_channels(pixels, channels), batches.front().dim(1),
                           batches.front().dim(2), pictures::ResizeMethod::kBilinear);
  }
  return pictures::join(batches, 0);
}

}  // namespace zanime::nodes
