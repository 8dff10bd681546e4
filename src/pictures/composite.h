// Pasting one picture or latent onto another.
#pragma once

#include <cstdint>

#include "base/tensor.h"

namespace zanime::pictures {

// `source` laid over `destination`, both [batch, channels, height, width] with the same channels,
// with its upper left corner at (left, top), which are not negative; what lies outside is cut off.
// Where `mask` [batch, any height, any width] is 1 the source shows, where it is 0 the destination;
// it is resized (bilinear) to the source. An empty mask is 1 everywhere. Source and mask are
// repeated to the destination's batch.
Tensor composite_planes(const Tensor& destination, const Tensor& source, int64_t left, int64_t top,
                        const Tensor& mask);

}  // namespace zanime::pictures
