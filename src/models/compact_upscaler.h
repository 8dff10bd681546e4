// SRVGGNetCompact of Real-ESRGAN (arXiv 2107.10833): convolutions on the small picture, whose last
// gives each pixel's square of pixels as a change of its colour.
#pragma once

#include <vector>

#include "checkpoints/model_weights.h"
#include "checkpoints/upscaler_spec.h"
#include "models/upscaler_network.h"

namespace zanime::models {

class CompactUpscaler final : public UpscalerNetwork {
 public:
  CompactUpscaler(const checkpoints::UpscalerSpec& spec, const checkpoints::ModelWeights& weights);

  Tensor run(const Tensor& picture, ops::Backend& backend,
             const CancelToken& cancel) const override;

 private:
  struct Layer {
    ops::Conv2d conv;
    weights::Weight slopes;  // of the activation behind it
  };

  int64_t scale_;
  std::vector<Layer> layers_;
  ops::Conv2d conv_last_;
};

}  // namespace zanime::models
