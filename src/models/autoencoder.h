// The FLUX.1 autoencoder (latent diffusion's AutoencoderKL, arXiv 2112.10752, with 16 channels
// and no quantisation convolutions).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/cancel.h"
#include "checkpoints/model_weights.h"
#include "ops/ops.h"

namespace zanime::models {

// Pixels that one latent value stands for along each axis, in the released files.
inline constexpr int64_t kPixelsPerLatent = 8;

// Whose numbers latents are: every autoencoder that is trained anew has its own.
enum class LatentSpace { kFlux, kOther };

// What the two halves are built of.
struct AutoencoderBlocks {
  struct Residual {
    ops::GroupNorm norm1, norm2;
    ops::Conv2d conv1, conv2;
    std::optional<ops::Linear> shortcut;  // 1x1 convolution where the width changes
  };
  struct Attention {
    ops::GroupNorm norm;
    ops::Linear qkv, out;
  };
  struct Middle {
    Residual block1, block2;
    Attention attention;
  };
};

class AutoencoderDecoder {
 public:
  // Widths follow from the tensor shapes. Throws Error(kFile) as ModelWeights::get does.
  explicit AutoencoderDecoder(const checkpoints::ModelWeights& weights);

  int64_t latent_channels() const { return conv_in_.weight.columns() / 9; }
  // FLUX.1's where all widths are those of its file. A file says no more than its shapes.
  LatentSpace latent_space() const;

  // Raw latent [batch, channels, h, w] -> picture [batch, 8h, 8w, 3], clamped to [0, 1]. The
  // factor is 2 for each upsampling level of the file.
  Tensor decode(const Tensor& latent, ops::Backend& backend, const CancelToken& cancel) const;
  // The same as the network gives it: from -1 to 1, and a little beyond.
  Tensor decode_unclamped(const Tensor& latent, ops::Backend& backend,
                          const CancelToken& cancel) const;

 private:
  struct Level {
    std::vector<AutoencoderBlocks::Residual> blocks;
    std::optional<ops::Conv2d> upsample;
  };

  ops::Conv2d conv_in_, conv_out_;
  AutoencoderBlocks::Middle middle_;
  std::vector<Level> levels_;  // in the order they run
  ops::GroupNorm norm_out_;
};

class AutoencoderEncoder {
 public:
  // As AutoencoderDecoder. Throws Error(kFile) for a file that has a decoder alone.
  explicit AutoencoderEncoder(const checkpoints::ModelWeights& weights);

  int64_t latent_channels() const { return conv_out_.weight.rows() / 2; }

  // Picture [batch, H, W, 3], values 0 to 1, H and W multiples of 8 -> raw latent
  // [batch, channels, H / 8, W / 8]: the mean of the encoder's distribution.
  Tensor encode(const Tensor& picture, ops::Backend& backend, const CancelToken& cancel) const;

 private:
  struct Level {
    std::vector<AutoencoderBlocks::Residual> blocks;
    std::optional<ops::Conv2d> downsample;
  };

  ops::Conv2d conv_in_, conv_out_;
  std::vector<Level> levels_;
  AutoencoderBlocks::Middle middle_;
  ops::GroupNorm norm_out_;
};

}  // namespace zanime::models
