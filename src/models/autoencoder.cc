#include "models/autoencoder.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "models/conv_layers.h"
#include "models/model_shapes.h"

namespace zanime::models {
namespace {

constexpr int kNormGroups = 32;
constexpr float kGroupNormEpsilon = 1e-6f;

ops::GroupNorm load_norm(const checkpoints::ModelWeights& weights, const std::string& name) {
  const int64_t channels = weights.get(name + ".weight").shape().size();
  if (channels % kNormGroups != 0) {
    throw Error(ErrorKind::kFile, weights.path().string() + ": tensor '" + name + ".weight' has " +
                                      std::to_string(channels) +
                                      " channels, which is no multiple of the 32 norm groups");
  }
  return {kNormGroups, weights.get(name + ".weight", {channels}),
          weights.get(name + ".bias", {channels}), kGroupNormEpsilon};
}

// [B, C, H, W] -> [B, H, W, C]
Tensor to_channels_last(const Tensor& latent) {
  const int64_t channels = latent.dim(1), pixels = latent.dim(2) * latent.dim(3);
  Tensor out({latent.dim(0), latent.dim(2), latent.dim(3), channels});
  for (int64_t b = 0; b < latent.dim(0); ++b) {
    for (int64_t c = 0; c < channels; ++c) {
      const float* in = latent.data() + (b * channels + c) * pixels;
      float* target = out.data() + b * pixels * channels + c;
      for (int64_t i = 0; i < pixels; ++i) target[i * channels] = in[i];
    }
  }
  return out;
}

// [B, H, W, C] -> the first `channels` of C as [B, channels, H, W].
Tensor to_channels_first(const Tensor& x, int64_t channels) {
  const int64_t pixels = x.dim(1) * x.dim(2), width = x.dim(3);
  Tensor out({x.dim(0), channels, x.dim(1), x.dim(2)});
  for (int64_t b = 0; b < x.dim(0); ++b) {
    for (int64_t c = 0; c < channels; ++c) {
      const float* in = x.data() + b * pixels * width + c;
      float* target = out.data() + (b * channels + c) * pixels;
      for (int64_t i = 0; i < pixels; ++i) target[i] = in[i * width];
    }
  }
  return out;
}

using Residual = AutoencoderBlocks::Residual;
using Attention = AutoencoderBlocks::Attention;
using Middle = AutoencoderBlocks::Middle;

Residual load_residual(const checkpoints::ModelWeights& weights, const std::string& name) {
  Residual block;
  block.norm1 = load_norm(weights, name + ".norm1");
  block.norm2 = load_norm(weights, name + ".norm2");
  block.conv1 = load_conv(weights, name + ".conv1");
  block.conv2 = load_conv(weights, name + ".conv2");
  if (weights.has(name + ".nin_shortcut.weight")) {
    block.shortcut = load_pointwise(weights, name + ".nin_shortcut");
  }
  return block;
}

std::vector<Residual> load_residuals(const checkpoints::ModelWeights& weights,
                                     const std::string& name) {
  std::vector<Residual> blocks;
  const int64_t count = count_blocks(weights, name);
  for (int64_t i = 0; i < count; ++i) {
    blocks.push_back(load_residual(weights, name + "." + std::to_string(i)));
  }
  return blocks;
}

Middle load_middle(const checkpoints::ModelWeights& weights, const std::string& name) {
  Middle middle;
  middle.block1 = load_residual(weights, name + ".block_1");
  middle.block2 = load_residual(weights, name + ".block_2");
  const std::string attention = name + ".attn_1";
  middle.attention.norm = load_norm(weights, attention + ".norm");
  const ops::Linear query = load_pointwise(weights, attention + ".q");
  const ops::Linear key = load_pointwise(weights, attention + ".k");
  const ops::Linear value = load_pointwise(weights, attention + ".v");
  middle.attention.qkv.weight =
      stack_rows({&query.weight, &key.weight, &value.weight}, attention + ".q + k + v");
  middle.attention.qkv.keeps_float32 = true;
  middle.attention.qkv.bias =
      stack_rows({&query.bias, &key.bias, &value.bias}, attention + ".q + k + v bias");
  middle.attention.out = load_pointwise(weights, attention + ".proj_out");
  return middle;
}

// Holds two tensors of the picture's size, x and what becomes of it: at the finest level they are
// most of the memory of a decoder.
ops::Activation run_residual(const Residual& block, const ops::Activation& x,
                             ops::Backend& backend) {
  ops::Activation y = backend.norm_conv2d(x, block.norm1, block.conv1);
  backend.norm_conv2d_inplace(y, block.norm2, block.conv2);
  if (block.shortcut) {
    backend.linear_add_inplace(y, x, *block.shortcut);
  } else {
    backend.add_inplace(y, x);
  }
  return y;
}

ops::Activation run_middle(const Middle& middle, ops::Activation x, ops::Backend& backend) {
  x = run_residual(middle.block1, x, backend);
  const int64_t channels = x.dim(3);
  const ops::AttentionLayout layout{x.dim(0), x.dim(1) * x.dim(2), 1, 1, channels};
  const Attention& attention = middle.attention;
  const ops::Activation attended = backend.attention(
      backend.linear(backend.group_norm(x, attention.norm), attention.qkv), layout,
      /*causal=*/false);
  backend.linear_add_inplace(x, attended.reshaped(x.shape()), attention.out);
  return run_residual(middle.block2, x, backend);
}

}  // namespace

AutoencoderDecoder::AutoencoderDecoder(const checkpoints::ModelWeights& weights) {
  const std::string decoder = "decoder.";
  conv_in_ = load_conv(weights, decoder + "conv_in");
  middle_ = load_middle(weights, decoder + "mid");
  const int64_t levels = count_blocks(weights, decoder + "up");
  for (int64_t i = levels - 1; i >= 0; --i) {
    const std::string name = decoder + "up." + std::to_string(i);
    Level level;
    level.blocks = load_residuals(weights, name + ".block");
    if (i > 0) level.upsample = load_conv(weights, name + ".upsample.conv");
    levels_.push_back(std::move(level));
  }
  norm_out_ = load_norm(weights, decoder + "norm_out");
  conv_out_ = load_conv(weights, decoder + "conv_out");
}

LatentSpace AutoencoderDecoder::latent_space() const {
  constexpr int64_t kFluxChannels = 16;
  constexpr std::array<int64_t, 4> kFluxWidths{512, 512, 256, 128};  // in the order they run
  if (latent_channels() != kFluxChannels) return LatentSpace::kOther;
  const bool has_flux_widths = std::equal(
      levels_.begin(), levels_.end(), kFluxWidths.begin(), kFluxWidths.end(),
      [](const Level& level, int64_t width) {
        return !level.blocks.empty() && level.blocks.front().conv1.weight.rows() == width;
      });
  return has_flux_widths ? LatentSpace::kFlux : LatentSpace::kOther;
}

Tensor AutoencoderDecoder::decode_unclamped(const Tensor& latent, ops::Backend& backend,
                                            const CancelToken& cancel) const {
  ops::Activation x = backend.conv2d(backend.upload(to_channels_last(latent)), conv_in_);
  x = run_middle(middle_, std::move(x), backend);
  for (const Level& level : levels_) {
    for (const Residual& block : level.blocks) {
      cancel.throw_if_cancelled();
      x = run_residual(block, x, backend);
    }
    if (level.upsample) x = backend.upsample_conv2d(x, *level.upsample);
  }
  return backend.download(backend.norm_conv2d(x, norm_out_, conv_out_));
}

Tensor AutoencoderDecoder::decode(const Tensor& latent, ops::Backend& backend,
                                  const CancelToken& cancel) const {
  Tensor picture = decode_unclamped(latent, backend, cancel);
  for (float& value : picture.values()) {
    // Written so that NaN passes through: a picture that is not finite must be noticed, not black.
    value = (value + 1.0f) / 2.0f;
    value = value < 0.0f ? 0.0f : value > 1.0f ? 1.0f : value;
  }
  return picture;
}

AutoencoderEncoder::AutoencoderEncoder(const checkpoints::ModelWeights& weights) {
  const std::string encoder = "encoder.";
  if (!weights.has(encoder + "conv_in.weight")) {
    throw Error(ErrorKind::kFile, weights.path().string() +
                                      ": this autoencoder has a decoder alone, and a picture is to "
                                      "be encoded; use a complete file (ae.safetensors)");
  }
  conv_in_ = load_conv(weights, encoder + "conv_in");
  const int64_t levels = count_blocks(weights, encoder + "down");
  for (int64_t i = 0; i < levels; ++i) {
    const std::string name = encoder + "down." + std::to_string(i);
    Level level;
    level.blocks = load_residuals(weights, name + ".block");
    if (i < levels - 1) {
      level.downsample = load_conv(weights, name + ".downsample.conv");
      level.downsample->stride = 2;
      level.downsample->pad_before = 0;  // one row and column of zeros, below and to the right
    }
    levels_.push_back(std::move(level));
  }
  middle_ = load_middle(weights, encoder + "mid");
  norm_out_ = load_norm(weights, encoder + "norm_out");
  conv_out_ = load_conv(weights, encoder + "conv_out");
}

Tensor AutoencoderEncoder::encode(const Tensor& picture, ops::Backend& backend,
                                  const CancelToken& cancel) const {
  Tensor in = picture.clone();
  for (float& value : in.values()) value = value * 2.0f - 1.0f;
  ops::Activation x = backend.conv2d(backend.upload(in), conv_in_);
  for (const Level& level : levels_) {
    for (const Residual& block : level.blocks) {
      cancel.throw_if_cancelled();
      x = run_residual(block, x, backend);
    }
    if (level.downsample) x = backend.conv2d(x, *level.downsample);
  }
  x = run_middle(middle_, std::move(x), backend);
  return to_channels_first(backend.download(backend.norm_conv2d(x, norm_out_, conv_out_)),
                           latent_channels());
}

}  // namespace zanime::models
