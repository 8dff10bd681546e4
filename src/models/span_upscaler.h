// SPAN, the swift parameter-free attention network (arXiv 2311.12770).
#pragma once

#include <vector>

#include "checkpoints/model_weights.h"
#include "checkpoints/upscaler_spec.h"
#include "models/upscaler_network.h"

namespace zanime::models {

class SpanUpscaler final : public UpscalerNetwork {
 public:
  SpanUpscaler(const checkpoints::UpscalerSpec& spec, const checkpoints::ModelWeights& weights);

  Tensor run(const Tensor& picture, ops::Backend& backend,
             const CancelToken& cancel) const override;

 private:
  struct Block {
    ops::Conv2d conv1, conv2, conv3;
  };

  checkpoints::UpscalerSpec spec_;
  ops::Conv2d conv_1_, conv_2_, conv_up_;
  std::vector<Block> blocks_;
  ops::Linear conv_cat_;
};

}  // namespace zanime::models
