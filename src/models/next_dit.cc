#include "models/next_dit.h"

#include <array>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "checkpoints/stored_spec.h"
#include "models/model_shapes.h"
#include "models/patches.h"

namespace zanime::models {
namespace {

constexpr float kFinalNormEpsilon = 1e-6f;
constexpr int64_t kPatch = 2;
// Captions and pictures are padded to a multiple of this many tokens.
constexpr int64_t kTokenMultiple = 32;
constexpr int64_t kTimeFeatures = 256;
constexpr double kRopeTheta = 256.0;
// Blocks whose weights are read from the file while another one runs.
constexpr size_t kBlocksAhead = 2;

int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

struct Position {
  int64_t axis[3] = {0, 0, 0};
};

// Rotation angles over three axes that share a head 2:3:3 (of 128 elements: 32, 48, 48).
ops::RopeTable rope_table(const std::vector<Position>& positions, int64_t head_dim,
                          ops::Backend& backend) {
  const int64_t axis_sizes[3] = {head_dim / 4, head_dim * 3 / 8, head_dim * 3 / 8};
  const auto tokens = static_cast<int64_t>(positions.size());
  const int64_t half = head_dim / 2;
  Tensor cos({tokens, half}), sin({tokens, half});
  int64_t column = 0;
  for (int axis = 0; axis < 3; ++axis) {
    for (int64_t i = 0; i < axis_sizes[axis] / 2; ++i, ++column) {
      const double exponent = static_cast<double>(2 * i) / static_cast<double>(axis_sizes[axis]);
      const double frequency = 1.0 / std::pow(kRopeTheta, exponent);
      for (int64_t token = 0; token < tokens; ++token) {
        const double angle = static_cast<double>(positions[token].axis[axis]) * frequency;
        cos.data()[token * half + column] = static_cast<float>(std::cos(angle));
        sin.data()[token * half + column] = static_cast<float>(std::sin(angle));
      }
    }
  }
  return {backend.upload(cos), backend.upload(sin), ops::RopePairs::kInterleaved};
}

// A caption, and `rows` x `columns` patches behind it; padding of the picture stays at the origin.
std::vector<Position> token_positions(int64_t caption_tokens, int64_t rows, int64_t columns,
                                      int64_t image_tokens) {
  std::vector<Position> positions(static_cast<size_t>(caption_tokens + image_tokens));
  for (int64_t i = 0; i < caption_tokens; ++i) positions[i].axis[0] = i + 1;
  for (int64_t i = 0; i < rows * columns; ++i) {
    positions[caption_tokens + i] = {{caption_tokens + 1, i / columns, i % columns}};
  }
  return positions;
}

// Sinusoidal features of the time (1 - sigma) * 1000: cosines, then sines. Every step is rounded to
// float32 as in the reference: an angle reaches 1000, where the last bit of a frequency shows.
Tensor time_features(float sigma) {
  constexpr int64_t half = kTimeFeatures / 2;
  const float log_period = -std::log(10000.0f);
  const float time = (1.0f - sigma) * 1000.0f;
  Tensor features({1, kTimeFeatures});
  for (int64_t i = 0; i < half; ++i) {
    const float frequency = std::exp(log_period * static_cast<float>(i) / static_cast<float>(half));
    features.data()[i] = std::cos(time * frequency);
    features.data()[half + i] = std::sin(time * frequency);
  }
  return features;
}

// x [batch, tokens, dim] with `pad` behind each item up to so many tokens.
ops::Activation padded(const ops::Activation& x, const weights::Weight& pad, int64_t tokens,
                       ops::Backend& backend) {
  if (x.dim(1) == tokens) return x;
  const std::vector<int32_t> first_row(static_cast<size_t>(tokens - x.dim(1)), 0);
  const ops::Activation rows = backend.embedding_rows(pad, first_row);
  return backend.join_rows(std::array{x, rows.reshaped({1, rows.dim(0), rows.dim(1)})});
}

NextDitConfig read_config(const checkpoints::ModelWeights& weights) {
  const checkpoints::DitSpec spec = checkpoints::stored_dit_spec(weights);
  if (spec.head_dim % 16 != 0) {
    throw Error(ErrorKind::kFile, weights.path().string() + ": width " + std::to_string(spec.dim) +
                                      " with heads of " + std::to_string(spec.head_dim) +
                                      " values is not a Z-Image diffusion model");
  }
  return spec;
}

}  // namespace

NextDit::NextDit(checkpoints::ModelWeights source)
    : weights_(std::move(source)), config_(read_config(weights_)) {
  const checkpoints::ModelWeights& weights = weights_;
  const NextDitConfig& c = config_;
  const int64_t patch_size = kPatch * kPatch * c.latent_channels;
  time_in_ = load_linear(weights, "t_embedder.mlp.0", c.time_hidden(), kTimeFeatures, true);
  time_out_ = load_linear(weights, "t_embedder.mlp.2", c.modulation(), c.time_hidden(), true);
  caption_norm_ = weights.get("cap_embedder.0.weight", {c.caption_dim});
  caption_in_ = load_linear(weights, "cap_embedder.1", c.dim, c.caption_dim, true);
  image_in_ = load_linear(weights, "x_embedder", c.dim, patch_size, true);
  if (c.pad_tokens) {
    caption_pad_ = weights.get("cap_pad_token", {1, c.dim});
    image_pad_ = weights.get("x_pad_token", {1, c.dim});
  }
  const auto load_blocks = [&](const std::string& stem, int64_t count, bool modulated) {
    std::vector<DitBlock> blocks;
    for (int64_t i = 0; i < count; ++i) {
      blocks.push_back(
          load_dit_block(weights, stem + "." + std::to_string(i), widths_of(c), modulated));
    }
    return blocks;
  };
  context_refiners_ = load_blocks("context_refiner", c.context_refiners, false);
  noise_refiners_ = load_blocks("noise_refiner", c.noise_refiners, true);
  layers_ = load_blocks("layers", c.layers, true);
  final_modulation_ =
      load_linear(weights, "final_layer.adaLN_modulation.1", c.dim, c.modulation(), true);
  final_out_ = load_linear(weights, "final_layer.linear", patch_size, c.dim, true);
  for (std::vector<Block>* refiners : {&context_refiners_, &noise_refiners_}) {
    for (Block& block : *refiners) {
      for (ops::Linear* layer :
           {&block.qkv, &block.attention_out, &block.w1, &block.w2, &block.w3}) {
        layer->keeps_bfloat16 = true;
      }
    }
  }
  // What comes in and what goes out: all errors inside are smaller than one made here.
  caption_in_.keeps_float32 = image_in_.keeps_float32 = final_out_.keeps_float32 = true;
}

void NextDit::expect_block(size_t index, ops::Backend& backend) const {
  index %= noise_refiners_.size() + layers_.size();
  expect_dit_block(index < noise_refiners_.size() ? noise_refiners_[index]
                                                  : layers_[index - noise_refiners_.size()],
                   backend);
}

NextDit::Caption NextDit::embed_caption(const Tensor& conditioning, ops::Backend& backend,
                                        const CancelToken& cancel) const {
  const int64_t tokens = conditioning.dim(0);
  const int64_t padded_tokens = config_.pad_tokens ? round_up(tokens, kTokenMultiple) : tokens;
  ops::Activation x = backend.linear(
      backend.rms_norm(backend.upload(conditioning), caption_norm_, kDitNormEpsilon), caption_in_);
  x = padded(x.reshaped({1, tokens, config_.dim}), caption_pad_, padded_tokens, backend);
  const ops::RopeTable rope =
      rope_table(token_positions(padded_tokens, 0, 0, 0), config_.head_dim, backend);
  for (const DitBlock& block : context_refiners_) {
    cancel.throw_if_cancelled();
    run_dit_block(block, widths_of(config_), x, {}, rope, backend);
  }
  return {x};
}

NextDit::Canvas NextDit::canvas(const Tensor& latent, const Caption& caption,
                                ops::Backend& backend) const {
  Canvas canvas;
  canvas.height = latent.dim(2);
  canvas.width = latent.dim(3);
  canvas.rows = round_up(canvas.height, kPatch) / kPatch;
  canvas.columns = round_up(canvas.width, kPatch) / kPatch;
  canvas.caption_tokens = caption.tokens.dim(1);
  canvas.image_tokens =
      config_.pad_tokens ? round_up(canvas.patches(), kTokenMultiple) : canvas.patches();
  canvas.rope = rope_table(
      token_positions(canvas.caption_tokens, canvas.rows, canvas.columns, canvas.image_tokens),
      config_.head_dim, backend);
  return canvas;
}

Tensor NextDit::velocity(const Tensor& latent, float sigma, const Caption& caption,
                         const Canvas& canvas, ops::Backend& backend, const CancelToken& cancel,
                         std::span<const AppliedControl> controls) const {
  const ops::Activation time = backend.linear(
      backend.silu(backend.linear(backend.upload(time_features(sigma)), time_in_)), time_out_);

  const Tensor patches = patchify(latent, kPatch, canvas.rows, canvas.columns);
  ops::Activation image = padded(backend.linear(backend.upload(patches), image_in_), image_pad_,
                                 canvas.image_tokens, backend);
  const ops::RopeTable image_rope = canvas.rope.rows(canvas.caption_tokens, canvas.image_tokens);
  std::vector<ControlWalk> walks;
  for (const AppliedControl& control : controls) {
    walks.emplace_back(control, time, canvas.rope.rows(canvas.caption_tokens, canvas.patches()),
                       backend);
  }
  // One block, and what the control branches beside it add to the picture's tokens behind it.
  const auto run_block = [&](const DitBlock& block, ops::Activation& x, const ops::RopeTable& rope,
                             int64_t first_image_token, auto change_of) {
    cancel.throw_if_cancelled();
    std::vector<ops::Activation> changes;
    for (ControlWalk& walk : walks) changes.push_back(change_of(walk));
    run_dit_block(block, widths_of(config_), x, time, rope, backend);
    for (size_t i = 0; i < walks.size(); ++i) walks[i].add(changes[i], x, first_image_token);
  };
  size_t next = 0;
  while (next < kBlocksAhead) expect_block(next++, backend);
  for (size_t i = 0; i < noise_refiners_.size(); ++i) {
    expect_block(next++, backend);
    run_block(noise_refiners_[i], image, image_rope, 0,
              [&](ControlWalk& walk) { return walk.before_refiner(i, image); });
  }

  ops::Activation x = backend.join_rows(std::array{caption.tokens, image});
  for (size_t i = 0; i < layers_.size(); ++i) {
    expect_block(next++, backend);
    run_block(layers_[i], x, canvas.rope, canvas.caption_tokens,
              [&](ControlWalk& walk) { return walk.before_layer(i, x, canvas.caption_tokens); });
  }

  const ops::Activation scale =
      backend.linear(backend.silu(time), final_modulation_).reshaped({config_.dim});
  const ops::Activation out =
      backend.linear(backend.layer_norm(x, kFinalNormEpsilon, scale), final_out_);
  // The network predicts the opposite of the velocity.
  return unpatchify_negated(backend.download(out), latent.shape(), kPatch, canvas.caption_tokens,
                            canvas.columns);
}

}  // namespace zanime::models
