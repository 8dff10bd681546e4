#include "models/next_dit.h"

#include <array>

#include "base/error.h"
#include "checkpoints/stored_spec.h"
#include "models/dit_tokens.h"
#include "models/model_shapes.h"
#include "models/patches.h"

namespace zanime::models {
namespace {

// Blocks whose weights are read from the file while another one runs.
constexpr size_t kBlocksAhead = 2;

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
  for (std::vector<DitBlock>* refiners : {&context_refiners_, &noise_refiners_}) {
    for (DitBlock& block : *refiners) {
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

ops::Activation NextDit::embed_text(const Tensor& conditioning, int64_t tokens,
                                    ops::Backend& backend) const {
  const ops::Activation x = backend.linear(
      backend.rms_norm(backend.upload(conditioning), caption_norm_, kDitNormEpsilon), caption_in_);
  return padded(x.reshaped({1, conditioning.dim(0), config_.dim}), caption_pad_, tokens, backend);
}

ops::Activation NextDit::embed_time(float sigma, ops::Backend& backend) const {
  return backend.linear(
      backend.silu(backend.linear(backend.upload(time_features(sigma)), time_in_)), time_out_);
}

Tensor NextDit::final_values(const ops::Activation& x, const ops::Activation& time,
                             ops::Backend& backend) const {
  const ops::Activation scale =
      backend.linear(backend.silu(time), final_modulation_).reshaped({config_.dim});
  return backend.download(
      backend.linear(backend.layer_norm(x, kFinalNormEpsilon, scale), final_out_));
}

NextDit::Caption NextDit::embed_caption(const Tensor& conditioning, ops::Backend& backend,
                                        const CancelToken& cancel) const {
  const int64_t tokens = conditioning.dim(0);
  const int64_t padded_tokens = config_.pad_tokens ? round_up(tokens, kTokenMultiple) : tokens;
  ops::Activation x = embed_text(conditioning, padded_tokens, backend);
  std::vector<Position> positions;
  add_text_positions(0, padded_tokens, positions);
  const ops::RopeTable rope = rope_table(positions, config_.head_dim, backend);
  for (const DitBlock& block : context_refiners_) {
    cancel.throw_if_cancelled();
    run_dit_block(block, widths_of(config_), x, {}, rope, backend);
  }
  return {x};
}

NextDit::Canvas NextDit::canvas(const Tensor& latent, const Caption& caption, ops::Backend& backend,
                                const PatchGrid& grid) const {
  Canvas canvas;
  canvas.height = latent.dim(2);
  canvas.width = latent.dim(3);
  canvas.rows = round_up(canvas.height, kPatch) / kPatch;
  canvas.columns = round_up(canvas.width, kPatch) / kPatch;
  canvas.caption_tokens = caption.tokens.dim(1);
  canvas.image_tokens =
      config_.pad_tokens ? round_up(canvas.patches(), kTokenMultiple) : canvas.patches();
  std::vector<Position> positions;
  add_text_positions(0, canvas.caption_tokens, positions);
  add_picture_positions(canvas.caption_tokens + 1, canvas.rows, canvas.columns, canvas.image_tokens,
                        grid, positions);
  canvas.rope = rope_table(positions, config_.head_dim, backend);
  return canvas;
}

Tensor NextDit::velocity(const Tensor& latent, float sigma, const Caption& caption,
                         const Canvas& canvas, ops::Backend& backend, const CancelToken& cancel,
                         std::span<const AppliedControl> controls) const {
  const ops::Activation time = embed_time(sigma, backend);

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

  // The network predicts the opposite of the velocity.
  return unpatchify_negated(final_values(x, time, backend), latent.shape(), kPatch,
                            canvas.caption_tokens, canvas.columns);
}

}  // namespace zanime::models
