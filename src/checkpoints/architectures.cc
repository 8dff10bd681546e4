#include "checkpoints/architectures.h"

#include <initializer_list>
#include <tuple>
#include <utility>

#include "base/error.h"

namespace zanime::checkpoints {
namespace {

constexpr int64_t kPatch = 2;
constexpr int64_t kTimeFeatures = 256;

// Keeps every product of two widths, and with it every file size, far from overflow.
constexpr int64_t kMaxWidth = int64_t{1} << 20;

void check_positive(std::initializer_list<std::pair<const char*, int64_t>> widths) {
  for (const auto& [name, value] : widths) {
    if (value < 1 || value > kMaxWidth) {
      throw Error(ErrorKind::kUsage, std::string(name) + " is " + std::to_string(value) +
                                         "; it must be 1 to " + std::to_string(kMaxWidth));
    }
  }
}

class TensorList {
 public:
  void add(std::string name, Shape shape) {
    tensors_.push_back({std::move(name), std::move(shape)});
  }
  void linear(const std::string& name, int64_t out, int64_t in, bool bias) {
    add(name + ".weight", {out, in});
    if (bias) add(name + ".bias", {out});
  }
  void norm(const std::string& name, int64_t width) { add(name + ".weight", {width}); }
  void group_norm(const std::string& name, int64_t width) {
    add(name + ".weight", {width});
    add(name + ".bias", {width});
  }
  void convolution(const std::string& name, int64_t out, int64_t in, int64_t kernel) {
    add(name + ".weight", {out, in, kernel, kernel});
    add(name + ".bias", {out});
  }
  std::vector<NamedShape> take() { return std::move(tensors_); }

 private:
  std::vector<NamedShape> tensors_;
};

// Of a spec with the widths of a transformer.
template <typename Spec>
void add_dit_block(TensorList& list, const std::string& name, const Spec& spec, bool modulated) {
  if (modulated) {
    list.linear(name + ".adaLN_modulation.0", 4 * spec.dim, spec.modulation(), true);
  }
  list.linear(name + ".attention.qkv", 3 * spec.dim, spec.dim, false);
  list.linear(name + ".attention.out", spec.dim, spec.dim, false);
  list.norm(name + ".attention.q_norm", spec.head_dim);
  list.norm(name + ".attention.k_norm", spec.head_dim);
  list.norm(name + ".attention_norm1", spec.dim);
  list.norm(name + ".attention_norm2", spec.dim);
  list.linear(name + ".feed_forward.w1", spec.ffn, spec.dim, false);
  list.linear(name + ".feed_forward.w2", spec.dim, spec.ffn, false);
  list.linear(name + ".feed_forward.w3", spec.ffn, spec.dim, false);
  list.norm(name + ".ffn_norm1", spec.dim);
  list.norm(name + ".ffn_norm2", spec.dim);
}

void add_residual(TensorList& list, const std::string& name, int64_t in, int64_t out,
                  bool shortcut = false) {
  list.group_norm(name + ".norm1", in);
  list.convolution(name + ".conv1", out, in, 3);
  list.group_norm(name + ".norm2", out);
  list.convolution(name + ".conv2", out, out, 3);
  if (shortcut || in != out) list.convolution(name + ".nin_shortcut", out, in, 1);
}

void add_autoencoder_middle(TensorList& list, const std::string& side, int64_t width) {
  add_residual(list, side + ".mid.block_1", width, width);
  list.group_norm(side + ".mid.attn_1.norm", width);
  for (const char* projection : {"q", "k", "v", "proj_out"}) {
    list.convolution(side + ".mid.attn_1." + projection, width, width, 1);
  }
  add_residual(list, side + ".mid.block_2", width, width);
}

void check_levels(const char* side, const AutoencoderSpec::Levels& levels) {
  for (const AutoencoderLevel& level : levels) {
    check_positive({{side, level.width}});
    if (level.width % 32 != 0) {
      throw Error(ErrorKind::kUsage, std::string(side) + " " + std::to_string(level.width) +
                                         " is no multiple of 32, the number of norm groups");
    }
  }
}

AutoencoderSpec::Levels flux_levels(int64_t channels) {
  return {{{channels}, {2 * channels}, {4 * channels}, {4 * channels}}};
}

}  // namespace

AutoencoderSpec flux_autoencoder(int64_t channels, bool has_encoder) {
  return {.decoder = flux_levels(channels),
          .has_encoder = has_encoder,
          .encoder = flux_levels(channels)};
}

void check_widths(const DitSpec& spec) {
  check_positive({{"dim", spec.dim},
                  {"layers", spec.layers},
                  {"noise refiners", spec.noise_refiners},
                  {"context refiners", spec.context_refiners},
                  {"head-dim", spec.head_dim},
                  {"cap", spec.caption_dim},
                  {"ffn", spec.ffn},
                  {"latent channels", spec.latent_channels}});
  if (spec.dim % spec.head_dim != 0) {
    throw Error(ErrorKind::kUsage, "dim " + std::to_string(spec.dim) +
                                       " is no multiple of head-dim " +
                                       std::to_string(spec.head_dim));
  }
}

void check_widths(const ControlSpec& spec) {
  check_positive({{"dim", spec.dim},
                  {"layers", spec.layers},
                  {"refiners", spec.refiners},
                  {"head-dim", spec.head_dim},
                  {"ffn", spec.ffn}});
  if (spec.dim % spec.head_dim != 0) {
    throw Error(ErrorKind::kUsage, "dim " + std::to_string(spec.dim) +
                                       " is no multiple of head-dim " +
                                       std::to_string(spec.head_dim));
  }
  if (spec.channels != ControlSpec::kControlChannels &&
      spec.channels != ControlSpec::kInpaintChannels) {
    throw Error(ErrorKind::kUsage,
                "it sees " + std::to_string(spec.channels) +
                    " channels; the known versions see 16 (a latent) or 33 (with mask and "
                    "inpainted latent)");
  }
}

void check_widths(const Qwen3Spec& spec) {
  check_positive({{"hidden", spec.hidden},
                  {"layers", spec.layers},
                  {"heads", spec.heads},
                  {"kv-heads", spec.kv_heads},
                  {"head-dim", spec.head_dim},
                  {"ffn", spec.ffn},
                  {"vocab", spec.vocabulary}});
  if (spec.heads % spec.kv_heads != 0) {
    throw Error(ErrorKind::kUsage, "heads " + std::to_string(spec.heads) +
                                       " is no multiple of kv-heads " +
                                       std::to_string(spec.kv_heads));
  }
}

void check_widths(const AutoencoderSpec& spec) {
  check_positive({{"latent channels", spec.latent_channels}});
  check_levels("channels", spec.decoder);
  if (spec.has_encoder) check_levels("encoder channels", spec.encoder);
}

std::vector<NamedShape> network_tensors(const DitSpec& spec) {
  const int64_t patch_values = kPatch * kPatch * spec.latent_channels;

  TensorList list;
  list.linear("x_embedder", spec.dim, patch_values, true);
  list.norm("cap_embedder.0", spec.caption_dim);
  list.linear("cap_embedder.1", spec.dim, spec.caption_dim, true);
  list.linear("t_embedder.mlp.0", spec.time_hidden(), kTimeFeatures, true);
  list.linear("t_embedder.mlp.2", spec.modulation(), spec.time_hidden(), true);
  if (spec.pad_tokens) {
    list.add("x_pad_token", {1, spec.dim});
    list.add("cap_pad_token", {1, spec.dim});
  }
  for (int64_t i = 0; i < spec.noise_refiners; ++i) {
    add_dit_block(list, "noise_refiner." + std::to_string(i), spec, true);
  }
  for (int64_t i = 0; i < spec.context_refiners; ++i) {
    add_dit_block(list, "context_refiner." + std::to_string(i), spec, false);
  }
  for (int64_t i = 0; i < spec.layers; ++i) {
    add_dit_block(list, "layers." + std::to_string(i), spec, true);
  }
  list.linear("final_layer.adaLN_modulation.1", spec.dim, spec.modulation(), true);
  list.linear("final_layer.linear", patch_values, spec.dim, true);
  return list.take();
}

std::vector<NamedShape> network_tensors(const Qwen3Spec& spec) {
  TensorList list;
  list.add("embed_tokens.weight", {spec.vocabulary, spec.hidden});
  for (int64_t i = 0; i < spec.layers; ++i) {
    const std::string layer = "layers." + std::to_string(i);
    const std::string attention = layer + ".self_attn";
    list.norm(layer + ".input_layernorm", spec.hidden);
    list.linear(attention + ".q_proj", spec.heads * spec.head_dim, spec.hidden, false);
    list.linear(attention + ".k_proj", spec.kv_heads * spec.head_dim, spec.hidden, false);
    list.linear(attention + ".v_proj", spec.kv_heads * spec.head_dim, spec.hidden, false);
    list.linear(attention + ".o_proj", spec.hidden, spec.heads * spec.head_dim, false);
    list.norm(attention + ".q_norm", spec.head_dim);
    list.norm(attention + ".k_norm", spec.head_dim);
    list.norm(layer + ".post_attention_layernorm", spec.hidden);
    list.linear(layer + ".mlp.gate_proj", spec.ffn, spec.hidden, false);
    list.linear(layer + ".mlp.up_proj", spec.ffn, spec.hidden, false);
    list.linear(layer + ".mlp.down_proj", spec.hidden, spec.ffn, false);
  }
  list.norm("norm", spec.hidden);
  return list.take();
}

std::vector<NamedShape> network_tensors(const AutoencoderSpec& spec) {
  constexpr size_t kLevels = std::tuple_size_v<AutoencoderSpec::Levels>;
  const auto add_level = [](TensorList& list, const std::string& name, int blocks, int64_t in,
                            const AutoencoderLevel& level) {
    add_residual(list, name + ".block.0", in, level.width, level.shortcut);
    for (int block = 1; block < blocks; ++block) {
      add_residual(list, name + ".block." + std::to_string(block), level.width, level.width);
    }
  };

  TensorList list;
  if (spec.has_encoder) {
    int64_t current = spec.encoder[0].width;
    list.convolution("encoder.conv_in", current, 3, 3);
    for (size_t level = 0; level < kLevels; ++level) {
      const std::string name = "encoder.down." + std::to_string(level);
      add_level(list, name, 2, current, spec.encoder[level]);
      current = spec.encoder[level].width;
      if (level + 1 < kLevels) list.convolution(name + ".downsample.conv", current, current, 3);
    }
    add_autoencoder_middle(list, "encoder", current);
    list.group_norm("encoder.norm_out", current);
    list.convolution("encoder.conv_out", 2 * spec.latent_channels, current, 3);
  }
  int64_t current = spec.decoder[kLevels - 1].width;
  list.convolution("decoder.conv_in", current, spec.latent_channels, 3);
  add_autoencoder_middle(list, "decoder", current);
  for (size_t level = kLevels; level-- > 0;) {
    const std::string name = "decoder.up." + std::to_string(level);
    add_level(list, name, 3, current, spec.decoder[level]);
    current = spec.decoder[level].width;
    if (level > 0) list.convolution(name + ".upsample.conv", current, current, 3);
  }
  list.group_norm("decoder.norm_out", current);
  list.convolution("decoder.conv_out", 3, current, 3);
  return list.take();
}

std::vector<NamedShape> network_tensors(const ControlSpec& spec) {
  TensorList list;
  list.linear("control_all_x_embedder.2-1", spec.dim, kPatch * kPatch * spec.channels, true);
  const auto add_blocks = [&](const std::string& stem, int64_t count, bool gives_hints) {
    for (int64_t i = 0; i < count; ++i) {
      const std::string name = stem + "." + std::to_string(i);
      add_dit_block(list, name, spec, true);
      if (!gives_hints) continue;
      if (i == 0) list.linear(name + ".before_proj", spec.dim, spec.dim, true);
      list.linear(name + ".after_proj", spec.dim, spec.dim, true);
    }
  };
  add_blocks("control_noise_refiner", spec.refiners, spec.refines_picture);
  add_blocks("control_layers", spec.layers, true);
  return list.take();
}

}  // namespace zanime::checkpoints
