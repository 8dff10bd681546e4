#include "models/next_dit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

#include "base/error.h"
#include "models/model_shapes.h"

namespace zanime::models {
namespace {

constexpr float kNormEpsilon = 1e-5f;
constexpr float kHeadNormEpsilon = std::numeric_limits<float>::epsilon();
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
ops::RopeTable rope_table(const std::vector<Position>& positions, int64_t head_dim) {
  const int64_t axis_sizes[3] = {head_dim / 4, head_dim * 3 / 8, head_dim * 3 / 8};
  const auto tokens = static_cast<int64_t>(positions.size());
  const int64_t half = head_dim / 2;
  ops::RopeTable table{Tensor({tokens, half}), Tensor({tokens, half}),
                       ops::RopePairs::kInterleaved};
  int64_t column = 0;
  for (int axis = 0; axis < 3; ++axis) {
    for (int64_t i = 0; i < axis_sizes[axis] / 2; ++i, ++column) {
      const double exponent = static_cast<double>(2 * i) / static_cast<double>(axis_sizes[axis]);
      const double frequency = 1.0 / std::pow(kRopeTheta, exponent);
      for (int64_t token = 0; token < tokens; ++token) {
        const double angle = static_cast<double>(positions[token].axis[axis]) * frequency;
        table.cos.data()[token * half + column] = static_cast<float>(std::cos(angle));
        table.sin.data()[token * half + column] = static_cast<float>(std::sin(angle));
      }
    }
  }
  return table;
}

std::vector<Position> caption_positions(int64_t tokens) {
  std::vector<Position> positions(static_cast<size_t>(tokens));
  for (int64_t i = 0; i < tokens; ++i) positions[i].axis[0] = i + 1;
  return positions;
}

// `rows` x `columns` patches behind a caption of `caption_tokens`; padding stays at the origin.
std::vector<Position> image_positions(int64_t rows, int64_t columns, int64_t caption_tokens,
                                      int64_t padded_tokens) {
  std::vector<Position> positions(static_cast<size_t>(padded_tokens));
  for (int64_t i = 0; i < rows * columns; ++i) {
    positions[i] = {{caption_tokens + 1, i / columns, i % columns}};
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

// [B, C, H, W] -> [B, tokens, patch * patch * C]: patches in row order; inside a patch the order
// is row, column, channel. Rows and columns beyond the picture wrap around.
Tensor patchify(const Tensor& latent, int64_t rows, int64_t columns) {
  const int64_t batch = latent.dim(0), channels = latent.dim(1);
  const int64_t height = latent.dim(2), width = latent.dim(3);
  Tensor patches({batch, rows * columns, kPatch * kPatch * channels});
  float* out = patches.data();
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t token = 0; token < rows * columns; ++token) {
      for (int64_t inner = 0; inner < kPatch * kPatch; ++inner) {
        const int64_t y = (token / columns * kPatch + inner / kPatch) % height;
        const int64_t x = (token % columns * kPatch + inner % kPatch) % width;
        for (int64_t c = 0; c < channels; ++c) {
          *out++ = latent.data()[((b * channels + c) * height + y) * width + x];
        }
      }
    }
  }
  return patches;
}

// The inverse, negated: the network predicts the opposite of the velocity. `patches` [B * T, ..]
// holds T tokens per item of which the first `rows` x `columns` are the picture.
Tensor unpatchify_negated(const Tensor& patches, const Shape& latent_shape, int64_t tokens,
                          int64_t first, int64_t columns) {
  const int64_t batch = latent_shape[0], channels = latent_shape[1];
  const int64_t height = latent_shape[2], width = latent_shape[3];
  Tensor latent(latent_shape);
  float* out = latent.data();
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t y = 0; y < height; ++y) {
        for (int64_t x = 0; x < width; ++x) {
          const int64_t token = first + y / kPatch * columns + x / kPatch;
          const int64_t inner = y % kPatch * kPatch + x % kPatch;
          *out++ = -patches.data()[((b * tokens + token) * kPatch * kPatch + inner) * channels + c];
        }
      }
    }
  }
  return latent;
}

// Copies `rows` rows of `source` to row `first` of `target`, both [rows, width].
void copy_rows(const float* source, int64_t rows, Tensor& target, int64_t first) {
  const int64_t width = target.dim(-1);
  std::copy_n(source, rows * width, target.data() + first * width);
}

// x [B, tokens, dim] with `pad` rows behind each item up to `padded` tokens.
Tensor pad_tokens(const Tensor& x, const Tensor& pad, int64_t padded) {
  const int64_t batch = x.dim(0), tokens = x.dim(1), dim = x.dim(2);
  if (tokens == padded) return x;
  Tensor out({batch, padded, dim});
  for (int64_t b = 0; b < batch; ++b) {
    copy_rows(x.data() + b * tokens * dim, tokens, out, b * padded);
    for (int64_t i = tokens; i < padded; ++i) copy_rows(pad.data(), 1, out, b * padded + i);
  }
  return out;
}

ops::Linear load_linear(const checkpoints::ModelWeights& weights, const std::string& name,
                        int64_t outputs, int64_t inputs, bool with_bias) {
  ops::Linear layer;
  layer.weight = weights.get(name + ".weight", {outputs, inputs});
  if (with_bias) layer.bias = weights.get_float32(name + ".bias", {outputs});
  return layer;
}

NextDitConfig read_config(const checkpoints::ModelWeights& weights) {
  const std::string first = "layers.0.";
  NextDitConfig config;
  const weights::Weight& image_in = matrix(weights, "x_embedder.weight");
  config.dim = image_in.rows();
  config.latent_channels = image_in.columns() / (kPatch * kPatch);
  config.layers = count_blocks(weights, "layers");
  config.noise_refiners = count_blocks(weights, "noise_refiner");
  config.context_refiners = count_blocks(weights, "context_refiner");
  config.head_dim = weights.get(first + "attention.q_norm.weight").shape().size();
  config.heads =
      whole_heads(weights, matrix(weights, first + "attention.out.weight"), config.head_dim);
  config.ffn = matrix(weights, first + "feed_forward.w1.weight").rows();
  config.caption_dim = matrix(weights, "cap_embedder.1.weight").columns();
  config.modulation = matrix(weights, "t_embedder.mlp.2.weight").rows();
  config.pads_tokens = weights.has("x_pad_token") && weights.has("cap_pad_token");
  const bool divides = config.head_dim % 16 == 0 && config.heads * config.head_dim == config.dim &&
                       image_in.columns() % (kPatch * kPatch) == 0;
  if (!divides) {
    throw Error(ErrorKind::kFile, weights.path().string() + ": width " +
                                      std::to_string(config.dim) + " with heads of " +
                                      std::to_string(config.head_dim) + " and patches of " +
                                      std::to_string(image_in.columns()) +
                                      " values is not a Z-Image diffusion model");
  }
  return config;
}

}  // namespace

NextDit::Block NextDit::load_block(const checkpoints::ModelWeights& weights,
                                   const std::string& name, bool modulated) const {
  const int64_t dim = config_.dim;
  Block block;
  if (modulated) {
    block.modulation =
        load_linear(weights, name + ".adaLN_modulation.0", 4 * dim, config_.modulation, true);
  }
  const auto norm = [&](const char* part, int64_t size) {
    return weights.get_float32(name + part, {size});
  };
  block.attention_norm1 = norm(".attention_norm1.weight", dim);
  block.attention_norm2 = norm(".attention_norm2.weight", dim);
  block.ffn_norm1 = norm(".ffn_norm1.weight", dim);
  block.ffn_norm2 = norm(".ffn_norm2.weight", dim);
  block.query_norm = norm(".attention.q_norm.weight", config_.head_dim);
  block.key_norm = norm(".attention.k_norm.weight", config_.head_dim);
  block.qkv = load_linear(weights, name + ".attention.qkv", 3 * dim, dim, false);
  block.attention_out = load_linear(weights, name + ".attention.out", dim, dim, false);
  block.w1 = load_linear(weights, name + ".feed_forward.w1", config_.ffn, dim, false);
  block.w2 = load_linear(weights, name + ".feed_forward.w2", dim, config_.ffn, false);
  block.w3 = load_linear(weights, name + ".feed_forward.w3", config_.ffn, dim, false);
  return block;
}

NextDit::NextDit(checkpoints::ModelWeights source)
    : weights_(std::move(source)), config_(read_config(weights_)) {
  const checkpoints::ModelWeights& weights = weights_;
  const NextDitConfig& c = config_;
  const int64_t patch_size = kPatch * kPatch * c.latent_channels;
  const int64_t time_hidden = matrix(weights, "t_embedder.mlp.0.weight").rows();
  time_in_ = load_linear(weights, "t_embedder.mlp.0", time_hidden, kTimeFeatures, true);
  time_out_ = load_linear(weights, "t_embedder.mlp.2", c.modulation, time_hidden, true);
  caption_norm_ = weights.get_float32("cap_embedder.0.weight", {c.caption_dim});
  caption_in_ = load_linear(weights, "cap_embedder.1", c.dim, c.caption_dim, true);
  image_in_ = load_linear(weights, "x_embedder", c.dim, patch_size, true);
  if (c.pads_tokens) {
    caption_pad_ = weights.get_float32("cap_pad_token", {1, c.dim});
    image_pad_ = weights.get_float32("x_pad_token", {1, c.dim});
  }
  const auto load_blocks = [&](const std::string& stem, int64_t count, bool modulated) {
    std::vector<Block> blocks;
    for (int64_t i = 0; i < count; ++i) {
      blocks.push_back(load_block(weights, stem + "." + std::to_string(i), modulated));
    }
    return blocks;
  };
  context_refiners_ = load_blocks("context_refiner", c.context_refiners, false);
  noise_refiners_ = load_blocks("noise_refiner", c.noise_refiners, true);
  layers_ = load_blocks("layers", c.layers, true);
  final_modulation_ =
      load_linear(weights, "final_layer.adaLN_modulation.1", c.dim, c.modulation, true);
  final_out_ = load_linear(weights, "final_layer.linear", patch_size, c.dim, true);
  // What comes in and what goes out: all errors inside are smaller than one made here.
  caption_in_.keeps_float32 = image_in_.keeps_float32 = final_out_.keeps_float32 = true;
}

void NextDit::want_block(ops::cpu::ReadAhead& ahead, size_t index) const {
  index %= noise_refiners_.size() + layers_.size();
  const Block& block = index < noise_refiners_.size() ? noise_refiners_[index]
                                                      : layers_[index - noise_refiners_.size()];
  ahead.want({&block.modulation.weight, &block.qkv.weight, &block.attention_out.weight,
              &block.w1.weight, &block.w3.weight, &block.w2.weight});
}

void NextDit::run_block(const Block& block, Tensor& x, int64_t batch, const Tensor& time,
                        const ops::RopeTable& rope, ops::Backend& backend) const {
  const int64_t dim = config_.dim;
  const ops::AttentionLayout layout{batch, rope.cos.dim(0), config_.heads, config_.heads,
                                    config_.head_dim};
  Tensor scale_attention, gate_attention, scale_ffn, gate_ffn;  // all empty: no modulation
  if (!block.modulation.weight.empty()) {
    const Tensor modulation = backend.linear(time, block.modulation).reshaped({4, dim});
    scale_attention = modulation.rows(0, 1).reshaped({dim});
    gate_attention = modulation.rows(1, 1).reshaped({dim});
    scale_ffn = modulation.rows(2, 1).reshaped({dim});
    gate_ffn = modulation.rows(3, 1).reshaped({dim});
  }
  const Tensor attention_in =
      backend.rms_norm(x, block.attention_norm1, kNormEpsilon, scale_attention);
  Tensor qkv = backend.linear(attention_in, block.qkv);
  backend.head_norm_rope_inplace(qkv, layout, block.query_norm, block.key_norm, kHeadNormEpsilon,
                                 rope);
  const Tensor attended =
      backend.linear(backend.attention(qkv, layout, /*causal=*/false), block.attention_out);
  backend.gated_norm_add_inplace(x, attended, block.attention_norm2, kNormEpsilon, gate_attention);

  const Tensor ffn_in = backend.rms_norm(x, block.ffn_norm1, kNormEpsilon, scale_ffn);
  const Tensor fed = backend.gated_feed_forward(ffn_in, block.w1, block.w3, block.w2);
  backend.gated_norm_add_inplace(x, fed, block.ffn_norm2, kNormEpsilon, gate_ffn);
}

NextDit::Caption NextDit::embed_caption(const Tensor& conditioning, ops::Backend& backend,
                                        const CancelToken& cancel) const {
  const int64_t tokens = conditioning.dim(0);
  const int64_t padded = config_.pads_tokens ? round_up(tokens, kTokenMultiple) : tokens;
  Tensor x =
      backend.linear(backend.rms_norm(conditioning, caption_norm_, kNormEpsilon), caption_in_);
  x = pad_tokens(x.reshaped({1, tokens, config_.dim}), caption_pad_, padded);
  const ops::RopeTable rope = rope_table(caption_positions(padded), config_.head_dim);
  for (const Block& block : context_refiners_) {
    cancel.throw_if_cancelled();
    run_block(block, x, 1, {}, rope, backend);
  }
  return {x.reshaped({padded, config_.dim})};
}

Tensor NextDit::velocity(const Tensor& latent, float sigma, const Caption& caption,
                         ops::Backend& backend, const CancelToken& cancel) const {
  const int64_t batch = latent.dim(0), dim = config_.dim;
  const int64_t rows = round_up(latent.dim(2), kPatch) / kPatch;
  const int64_t columns = round_up(latent.dim(3), kPatch) / kPatch;
  const int64_t image_tokens =
      config_.pads_tokens ? round_up(rows * columns, kTokenMultiple) : rows * columns;
  const int64_t caption_tokens = caption.tokens.dim(0);
  const int64_t tokens = caption_tokens + image_tokens;

  const Tensor time =
      backend.linear(backend.silu(backend.linear(time_features(sigma), time_in_)), time_out_);

  std::vector<Position> positions = image_positions(rows, columns, caption_tokens, image_tokens);
  const ops::RopeTable image_rope = rope_table(positions, config_.head_dim);
  Tensor image = backend.linear(patchify(latent, rows, columns), image_in_);
  image = pad_tokens(image, image_pad_, image_tokens);
  ops::cpu::ReadAhead ahead;
  size_t next = 0;
  while (next < kBlocksAhead) want_block(ahead, next++);
  for (const Block& block : noise_refiners_) {
    cancel.throw_if_cancelled();
    want_block(ahead, next++);
    run_block(block, image, batch, time, image_rope, backend);
  }

  const std::vector<Position> before = caption_positions(caption_tokens);
  positions.insert(positions.begin(), before.begin(), before.end());
  const ops::RopeTable rope = rope_table(positions, config_.head_dim);
  Tensor x({batch, tokens, dim});
  for (int64_t b = 0; b < batch; ++b) {
    copy_rows(caption.tokens.data(), caption_tokens, x, b * tokens);
    copy_rows(image.data() + b * image_tokens * dim, image_tokens, x, b * tokens + caption_tokens);
  }
  for (const Block& block : layers_) {
    cancel.throw_if_cancelled();
    want_block(ahead, next++);
    run_block(block, x, batch, time, rope, backend);
  }

  const Tensor scale = backend.linear(backend.silu(time), final_modulation_).reshaped({dim});
  const Tensor patches =
      backend.linear(backend.layer_norm(x, kFinalNormEpsilon, scale), final_out_);
  return unpatchify_negated(patches, latent.shape(), tokens, caption_tokens, columns);
}

}  // namespace zanime::models
