// Convolutions of a file as layers.
#pragma once

#include <string>

#include "checkpoints/model_weights.h"
#include "ops/ops.h"

namespace zanime::models {

// The 3 x 3 convolution `name`, with one pixel of padding on each side. Throws Error(kFile) as
// ModelWeights::get does, and where the tensor is none.
ops::Conv2d load_conv(const checkpoints::ModelWeights& weights, const std::string& name);

// A 1 x 1 convolution is a product per pixel.
ops::Linear load_pointwise(const checkpoints::ModelWeights& weights, const std::string& name);

}  // namespace zanime::models
