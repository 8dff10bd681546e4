// What nodes do to make latents fit one another.
#pragma once

#include "base/tensor.h"
#include "pictures/resample.h"

namespace zanime::nodes {

// Samples [batch, channels, height, width] with the height and width of `other`: the middle of the
// same shape, resized. They stay as they are where the size fits. Throws Error(kGraph) where the
// channels differ.
Tensor fitted_planes(const Tensor& samples, const Tensor& other, pictures::ResizeMethod method);

}  // namespace zanime::nodes
