// What the architectures of upscale models have in common.
#pragma once

#include "base/cancel.h"
#include "base/tensor.h"
#include "ops/ops.h"

namespace zanime::models {

// One of the architectures, each in a file of its own.
class UpscalerNetwork {
 public:
  virtual ~UpscalerNetwork() = default;
  // Picture [1, H, W, channels], values 0 to 1 -> [1, scale * H, scale * W, channels], not clamped.
  // ESRGAN: sides of two pixels at least, multiples of its fold.
  virtual Tensor run(const Tensor& picture, ops::Backend& backend,
                     const CancelToken& cancel) const = 0;
};

}  // namespace zanime::models
