// The FLUX.1 autoencoder (latent diffusion's AutoencoderKL, arXiv 2112.10752, with 16 channels
// and no quantisation convolutions).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/progress.h"
#include "ops/ops.h"
#include "weights/model_weights.h"

namespace zanime {

// FLUX.1's latent format. The diffusion model works on model-space latents:
// model = (raw - shift) * scale, where raw is what the autoencoder encodes and decodes.
inline constexpr float kLatentShift = 0.1159f;
inline constexpr float kLatentScale = 0.3611f;

class AutoencoderDecoder {
 public:
  // Widths follow from the tensor shapes. Throws Error(kFile) as ModelWeights::get does.
  explicit AutoencoderDecoder(const ModelWeights& weights);

  int64_t latent_channels() const { return conv_in_.weight.columns() / 9; }

  // Raw latent [batch, channels, h, w] -> picture [batch, 8h, 8w, 3], clamped to [0, 1]. The
  // factor is 2 for each upsampling level of the file.
  Tensor decode(const Tensor& latent, ops::Backend& backend, const CancelToken& cancel) const;

 private:
  struct ResidualBlock {
    Tensor norm1_weight, norm1_bias, norm2_weight, norm2_bias;
    ops::Conv2d conv1, conv2;
    std::optional<ops::Linear> shortcut;  // 1x1 convolution where the width changes
  };
  struct AttentionBlock {
    Tensor norm_weight, norm_bias;
    ops::Linear qkv, out;
  };
  struct Level {
    std::vector<ResidualBlock> blocks;
    std::optional<ops::Conv2d> upsample;
  };

  static ResidualBlock load_residual(const ModelWeights& weights, const std::string& name);
  static Tensor run_residual(const ResidualBlock& block, Tensor x, ops::Backend& backend);
  static void run_attention(const AttentionBlock& block, Tensor& x, ops::Backend& backend);

  ops::Conv2d conv_in_, conv_out_;
  ResidualBlock mid1_, mid2_;
  AttentionBlock mid_attention_;
  std::vector<Level> levels_;  // in the order they run
  Tensor norm_out_weight_, norm_out_bias_;
};

}  // namespace zanime
