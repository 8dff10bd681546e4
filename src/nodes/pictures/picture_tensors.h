// What nodes do to make pictures and masks fit one another.
#pragma once

#include <cstdint>
#include <vector>

#include "base/tensor.h"
#include "pictures/resample.h"

namespace zanime::nodes {

// Pictures with that many channels: those beyond are cut off, new ones are 1, opaque.
Tensor with_channels(const Tensor& pixels, int64_t channels);

// The middle of pictures in the new shape, resized; they stay as they are where the size fits.
Tensor fitted_pixels(const Tensor& pixels, int64_t height, int64_t width,
                     pictures::ResizeMethod method);
// The same for masks [batch, height, width].
Tensor fitted_mask(const Tensor& mask, int64_t height, int64_t width,
                   pictures::ResizeMethod method);
// Stretched.
Tensor resized_mask(const Tensor& mask, int64_t height, int64_t width,
                    pictures::ResizeMethod method);

// Pictures one after the other: what lacks a channel gets an opaque one, and all get the size of
// the first (the middle, bilinear).
Tensor batched_pixels(std::vector<Tensor> batches);

}  // namespace zanime::nodes
