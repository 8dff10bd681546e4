#include "checkpoints/family.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/text/quote.h"
#include "checkpoints/canonical.h"
#include "checkpoints/foreign_family.h"
#include "checkpoints/upscaler_spec.h"

namespace zanime::checkpoints {
namespace {

constexpr std::array<std::string_view, 6> kDitPrefixes = {
    "model.diffusion_model.", "diffusion_model.", "model.", "transformer.", "net.", ""};
constexpr std::array<std::string_view, 4> kAutoencoderPrefixes = {"first_stage_model.", "vae.",
                                                                  "autoencoder.", ""};

using Tensors = weights::WeightFile::Tensors;

// Calls visit(rest of the name, entry) for every tensor whose name starts with `prefix`, until it
// returns true; says whether it did.
template <typename Visit>
bool any_with_prefix(const Tensors& tensors, std::string_view prefix, Visit visit) {
  for (auto at = tensors.lower_bound(prefix); at != tensors.end(); ++at) {
    std::string_view name = at->first;
    if (!name.starts_with(prefix)) break;
    if (visit(name.substr(prefix.size()), at->second)) return true;
  }
  return false;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::optional<ModelComponent> find_dit(const Tensors& tensors) {
  for (const std::string_view prefix : kDitPrefixes) {
    bool diffusers = false;
    bool other_family = false;
    int attention = 0, refiners = 0;
    any_with_prefix(tensors, prefix, [&](std::string_view name, const weights::TensorEntry& entry) {
      const bool layer = name.starts_with("layers.") || name.starts_with("noise_refiner.");
      if (layer && contains(name, ".attention.") && name.ends_with(".weight")) ++attention;
      if (name.starts_with("noise_refiner.") || name.starts_with("context_refiner.")) ++refiners;
      if (contains(name, ".attention.to_") || name.starts_with("all_x_embedder.")) {
        diffusers = true;
      }
      // Lumina-Image 2 and its relatives: a SiLU before the modulation, other captions.
      if (layer && contains(name, ".adaLN_modulation.1.")) other_family = true;
      if (name == "cap_embedder.1.weight" && entry.shape.rank() == 2 && entry.shape[1] == 2304) {
        other_family = true;
      }
      if (name.starts_with("time_caption_embed.") || name.starts_with("clip_text_pooled_proj.")) {
        other_family = true;
      }
      return other_family;
    });
    if (!other_family && attention > 0 && refiners > 0) {
      return ModelComponent{ModelFamily::kZImage, std::string(prefix), diffusers};
    }
  }
  return std::nullopt;
}

std::optional<ModelComponent> find_qwen3(const Tensors& tensors) {
  for (const auto& [name, entry] : tensors) {
    const size_t norm = name.find(".self_attn.q_norm.weight");
    const size_t layers = name.rfind("layers.", norm);
    if (norm == std::string::npos || layers == std::string::npos) continue;
    const std::string prefix = name.substr(0, layers);
    if (contains(prefix, "vis") || !(prefix.empty() || prefix.ends_with("."))) continue;
    const bool other_family =
        any_with_prefix(tensors, prefix + "layers.", [](std::string_view rest, const auto&) {
          return contains(rest, "feedforward_layernorm.") || contains(rest, ".mlp.experts.") ||
                 contains(rest, ".self_attn.q_proj.bias");
        });
    const bool vision = std::any_of(tensors.begin(), tensors.end(), [](const auto& tensor) {
      return contains(tensor.first, "visual.");
    });
    if (!other_family && !vision) return ModelComponent{ModelFamily::kQwen3, prefix, false};
  }
  return std::nullopt;
}

std::optional<ModelComponent> find_autoencoder(const Tensors& tensors) {
  for (const std::string_view prefix : kAutoencoderPrefixes) {
    bool known = false, diffusers = false, other_family = false;
    any_with_prefix(tensors, prefix, [&](std::string_view name, const weights::TensorEntry& entry) {
      const bool side = name.starts_with("decoder.") || name.starts_with("encoder.");
      if (name.starts_with("decoder.up.") || name.starts_with("decoder.mid.block_")) known = true;
      if (name.starts_with("decoder.up_blocks.") ||
          name.starts_with("decoder.mid_block.resnets.")) {
        known = diffusers = true;
      }
      // Video autoencoders convolve over time too; FLUX's has 16 channels and no convolution
      // between latent and decoder.
      if (side && entry.shape.rank() == 5) other_family = true;
      if (name == "decoder.conv_in.weight" && entry.shape.rank() == 4 && entry.shape[1] != 16) {
        other_family = true;
      }
      if (name.starts_with("post_quant_conv.") || name.starts_with("bn.")) other_family = true;
      return other_family;
    });
    if (known && !other_family) {
      return ModelComponent{ModelFamily::kFluxAutoencoder, std::string(prefix), diffusers};
    }
  }
  return std::nullopt;
}

std::optional<ModelComponent> find_control(const Tensors& tensors) {
  for (const std::string_view prefix : kDitPrefixes) {
    const auto embedder = tensors.find(std::string(prefix) + "control_all_x_embedder.2-1.weight");
    if (embedder == tensors.end() || embedder->second.shape.rank() != 2) continue;
    const bool has_layers = any_with_prefix(tensors, std::string(prefix) + "control_layers.",
                                            [](std::string_view, const auto&) { return true; });
    if (has_layers) return ModelComponent{ModelFamily::kZImageControl, std::string(prefix), false};
  }
  return std::nullopt;
}

std::optional<ModelComponent> find_upscaler(const Tensors& tensors) {
  constexpr std::array<std::string_view, 5> kPrefixes = {"", "params_ema.", "params.", "module.",
                                                         "netG."};
  for (const std::string_view prefix : kPrefixes) {
    if (is_upscaler(tensors, prefix)) {
      return ModelComponent{ModelFamily::kUpscaler, std::string(prefix), false};
    }
  }
  return std::nullopt;
}

std::string describe_qwen3(const Tensors& tensors, const std::string& prefix) {
  constexpr std::array<std::pair<int64_t, const char*>, 6> kSizes = {{{1024, " (0.6B)"},
                                                                      {2048, " (1.7B)"},
                                                                      {2560, " (4B)"},
                                                                      {4096, " (8B)"},
                                                                      {5120, " (14B or 32B)"},
                                                                      {0, ""}}};
  const auto embedding = tensors.find(prefix + "embed_tokens.weight");
  std::string result = family_name(ModelFamily::kQwen3);
  if (embedding == tensors.end() || embedding->second.shape.rank() != 2) return result;
  const int64_t width = embedding->second.shape[1];
  const auto* size = std::find_if(kSizes.begin(), kSizes.end() - 1,
                                  [&](const auto& entry) { return entry.first == width; });
  return result + " of width " + std::to_string(width) + size->second;
}

std::string describe_component(const Tensors& tensors, const ModelComponent& component) {
  if (component.family == ModelFamily::kQwen3) return describe_qwen3(tensors, component.prefix);
  return family_name(component.family);
}

std::string describe_unknown(const Tensors& tensors) {
  if (tensors.empty()) return "file without any tensors";
  std::string result = "unknown model (tensors such as ";
  size_t listed = 0;
  for (const auto& [name, entry] : tensors) {
    if (listed == 3) break;
    result += (listed++ == 0 ? "" : ", ") + text::quote(name, 60);
  }
  return result + ")";
}

}  // namespace

const ModelComponent* FileContents::find(ModelFamily family) const {
  for (const ModelComponent& component : components) {
    if (component.family == family) return &component;
  }
  return nullptr;
}

FileContents identify(const weights::WeightFile& file) {
  const Tensors& tensors = file.tensors();
  FileContents contents;
  // Adapters repeat the names of the model they adapt.
  contents.description = describe_adapter(tensors);
  if (!contents.description.empty()) return contents;

  for (const auto& found : {find_dit(tensors), find_qwen3(tensors), find_autoencoder(tensors),
                            find_control(tensors), find_upscaler(tensors)}) {
    if (found) contents.components.push_back(*found);
  }
  std::string foreign;
  if (contents.find(ModelFamily::kZImage) == nullptr) {
    foreign = contents.components.empty() ? describe_foreign_model(tensors)
                                          : describe_foreign_diffusion_model(tensors);
  }
  if (!foreign.empty()) {
    contents.description = foreign;
  } else if (contents.components.empty()) {
    contents.description = describe_unknown(tensors);
  } else if (contents.components.size() == 3) {
    contents.description = "Z-Image all-in-one checkpoint";
  } else {
    for (const ModelComponent& component : contents.components) {
      if (!contents.description.empty()) contents.description += " and ";
      contents.description += describe_component(tensors, component);
    }
  }
  return contents;
}

}  // namespace zanime::checkpoints
