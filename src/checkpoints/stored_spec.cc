#include "checkpoints/stored_spec.h"

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "base/text/quote.h"
#include "checkpoints/canonical.h"

namespace zanime::checkpoints {
namespace {

// Wider than any model is; keeps products of two widths far from overflow.
constexpr int64_t kWidest = int64_t{1} << 21;

// Sets `width` to an extent of a tensor if the tensor is there and has that axis.
void read_extent(const StoredShapes& shapes, std::string_view name, int axis, int64_t& width) {
  const auto found = shapes.find(name);
  if (found == shapes.end() || found->second.rank() <= axis) return;
  width = std::min(found->second[axis], kWidest);
}

int64_t count_layers(const StoredShapes& shapes, std::string_view prefix) {
  int64_t last = -1;
  for (auto at = shapes.lower_bound(prefix); at != shapes.end(); ++at) {
    if (!at->first.starts_with(prefix)) break;
    last = std::max(last, index_after(at->first, prefix));
  }
  if (last >= kMaxLayers) {
    throw Error(ErrorKind::kFile, "layer number " + std::to_string(last) + " of " +
                                      text::quote(prefix) +
                                      " is not plausible; the file is damaged");
  }
  return std::max<int64_t>(last + 1, 1);
}

void read_levels(const StoredShapes& shapes, const std::string& stem,
                 AutoencoderSpec::Levels& levels) {
  for (size_t i = 0; i < levels.size(); ++i) {
    const std::string block = stem + std::to_string(i) + ".block.0.";
    read_extent(shapes, block + "conv1.weight", 0, levels[i].width);
    levels[i].shortcut = shapes.contains(block + "nin_shortcut.weight");
  }
}

template <typename Spec>
Spec checked(const ModelWeights& weights, Spec (*read)(const StoredShapes&)) {
  try {
    Spec spec = read(shapes_of(weights.all()));
    check_widths(spec);
    return spec;
  } catch (const Error& error) {
    throw Error(ErrorKind::kFile, weights.path().string() + ": " + error.what() +
                                      "; the file is damaged or of another kind of model");
  }
}

}  // namespace

StoredShapes shapes_of(const std::map<std::string, weights::Weight>& weights) {
  StoredShapes shapes;
  for (const auto& [name, weight] : weights) shapes.emplace(name, weight.shape());
  return shapes;
}

DitSpec stored_dit_spec(const StoredShapes& shapes) {
  DitSpec spec;
  int64_t patch_values = 4 * spec.latent_channels;
  read_extent(shapes, "x_embedder.weight", 0, spec.dim);
  read_extent(shapes, "x_embedder.weight", 1, patch_values);
  spec.latent_channels = patch_values / 4;
  spec.layers = count_layers(shapes, "layers.");
  spec.noise_refiners = count_layers(shapes, "noise_refiner.");
  spec.context_refiners = count_layers(shapes, "context_refiner.");
  read_extent(shapes, "layers.0.attention.q_norm.weight", 0, spec.head_dim);
  read_extent(shapes, "cap_embedder.1.weight", 1, spec.caption_dim);
  read_extent(shapes, "layers.0.feed_forward.w1.weight", 0, spec.ffn);
  spec.pad_tokens = shapes.contains("x_pad_token") || shapes.contains("cap_pad_token");
  return spec;
}

Qwen3Spec stored_qwen3_spec(const StoredShapes& shapes) {
  Qwen3Spec spec;
  const std::string attention = "layers.0.self_attn.";
  read_extent(shapes, "embed_tokens.weight", 0, spec.vocabulary);
  read_extent(shapes, "embed_tokens.weight", 1, spec.hidden);
  spec.layers = count_layers(shapes, "layers.");
  int64_t query = spec.heads * spec.head_dim, key = spec.kv_heads * spec.head_dim;
  read_extent(shapes, attention + "q_norm.weight", 0, spec.head_dim);
  read_extent(shapes, attention + "q_proj.weight", 0, query);
  read_extent(shapes, attention + "k_proj.weight", 0, key);
  spec.heads = spec.head_dim < 1 ? 0 : query / spec.head_dim;
  spec.kv_heads = spec.head_dim < 1 ? 0 : key / spec.head_dim;
  read_extent(shapes, "layers.0.mlp.gate_proj.weight", 0, spec.ffn);
  return spec;
}

AutoencoderSpec stored_autoencoder_spec(const StoredShapes& shapes) {
  AutoencoderSpec spec;
  read_extent(shapes, "decoder.conv_in.weight", 1, spec.latent_channels);
  read_levels(shapes, "decoder.up.", spec.decoder);
  spec.has_encoder = shapes.contains("encoder.conv_in.weight");
  if (spec.has_encoder) read_levels(shapes, "encoder.down.", spec.encoder);
  return spec;
}

ControlSpec stored_control_spec(const StoredShapes& shapes) {
  ControlSpec spec;
  const std::string embedder = "control_all_x_embedder.2-1.weight";
  int64_t patch_values = 4 * spec.channels;
  read_extent(shapes, embedder, 0, spec.dim);
  read_extent(shapes, embedder, 1, patch_values);
  spec.channels = patch_values / 4;
  spec.layers = count_layers(shapes, "control_layers.");
  spec.refiners = count_layers(shapes, "control_noise_refiner.");
  read_extent(shapes, "control_layers.0.attention.q_norm.weight", 0, spec.head_dim);
  read_extent(shapes, "control_layers.0.feed_forward.w1.weight", 0, spec.ffn);
  spec.refines_picture = shapes.contains("control_noise_refiner.0.after_proj.weight");
  return spec;
}

DitSpec stored_dit_spec(const ModelWeights& weights) {
  return checked<DitSpec>(weights, stored_dit_spec);
}

Qwen3Spec stored_qwen3_spec(const ModelWeights& weights) {
  return checked<Qwen3Spec>(weights, stored_qwen3_spec);
}

ControlSpec stored_control_spec(const ModelWeights& weights) {
  return checked<ControlSpec>(weights, stored_control_spec);
}

}  // namespace zanime::checkpoints
