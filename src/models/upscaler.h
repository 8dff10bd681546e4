// Networks that make pictures larger.
#pragma once

#include <cstdint>
#include <memory>

#include "base/cancel.h"
#include "base/tensor.h"
#include "checkpoints/model_weights.h"
#include "checkpoints/upscaler_spec.h"
#include "models/upscaler_network.h"
#include "ops/ops.h"

namespace zanime::models {

class Upscaler {
 public:
  // Everything follows from names and shapes. Throws Error(kFile) as ModelWeights::get does.
  explicit Upscaler(const checkpoints::ModelWeights& weights);

  const checkpoints::UpscalerSpec& spec() const { return spec_; }

  // Picture [1, H, W, channels], values 0 to 1 -> [1, scale * H, scale * W, channels], clamped to
  // [0, 1].
  Tensor upscale(const Tensor& picture, ops::Backend& backend, const CancelToken& cancel) const;

 private:
  checkpoints::UpscalerSpec spec_;
  std::shared_ptr<const UpscalerNetwork> network_;
};

}  // namespace zanime::models
