// Blurring and sharpening by a Gaussian.
#pragma once

#include <cstdint>

#include "base/tensor.h"

namespace zanime::pictures {

// Each plane of [batch, channels, height, width] convolved with a Gaussian of 2 radius + 1 places
// along each side. `sigma` is relative to the radius, as in ComfyUI: the outermost places lie at a
// distance of 1. The edges mirror the planes, so that both sides must be longer than the radius,
// else Error(kGraph).
Tensor blur_planes(const Tensor& planes, int64_t radius, double sigma);

// Away from the blurred planes: x + 10 alpha (x - blurred).
Tensor sharpen_planes(const Tensor& planes, int64_t radius, double sigma, double alpha);

}  // namespace zanime::pictures
