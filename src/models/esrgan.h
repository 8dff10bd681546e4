// ESRGAN's generator (arXiv 1809.00219), which Real-ESRGAN (arXiv 2107.10833) uses too: residual in
// residual dense blocks on the small picture, then doublings.
#pragma once

#include <optional>
#include <vector>

#include "checkpoints/model_weights.h"
#include "checkpoints/upscaler_spec.h"
#include "models/upscaler_network.h"

namespace zanime::models {

class Esrgan final : public UpscalerNetwork {
 public:
  Esrgan(const checkpoints::UpscalerSpec& spec, const checkpoints::ModelWeights& weights);

  Tensor run(const Tensor& picture, ops::Backend& backend,
             const CancelToken& cancel) const override;

 private:
  struct DenseBlock {
    std::vector<ops::Conv2d> convs;  // each sees the block's input and what all before it gave
    std::optional<ops::Linear> inner_shortcut;
  };
  using ResidualBlock = std::vector<DenseBlock>;

  ops::Activation run_dense(const DenseBlock& block, const ops::Activation& x,
                            ops::Backend& backend) const;
  // Features [1, h, w, features] of some rows -> pixels of those rows.
  ops::Activation enlarge(ops::Activation x, ops::Backend& backend) const;

  checkpoints::UpscalerSpec spec_;
  ops::Conv2d conv_first_, conv_body_, conv_hr_, conv_last_;
  std::vector<ResidualBlock> blocks_;
  std::vector<ops::Conv2d> conv_up_;
};

}  // namespace zanime::models
