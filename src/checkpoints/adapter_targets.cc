#include "checkpoints/adapter_targets.h"

#include <algorithm>
#include <array>

#include "checkpoints/canonical.h"

namespace zanime::checkpoints {
namespace {

constexpr std::string_view kWeight = ".weight";

// What may stand before a module's name, one behind the other.
constexpr std::array<std::string_view, 17> kPrefixes = {"base_model_model_",
                                                        "lora_unet_",
                                                        "lora_prior_unet_",
                                                        "lora_transformer_",
                                                        "lora_dit_",
                                                        "lycoris_",
                                                        "model_",
                                                        "diffusion_model_",
                                                        "transformer_",
                                                        "unet_",
                                                        "dit_",
                                                        "lora_te_",
                                                        "lora_te1_",
                                                        "text_encoder_",
                                                        "text_encoders_",
                                                        "qwen3_4b_",
                                                        "lora_"};

std::string with_underscores(std::string_view name) {
  std::string result(name);
  std::replace(result.begin(), result.end(), '.', '_');
  return result;
}

}  // namespace

AdapterTargets::AdapterTargets(const ModelWeights& weights, ModelFamily family) {
  for (const auto& [name, weight] : weights.all()) {
    if (!name.ends_with(kWeight)) continue;
    const std::string module = name.substr(0, name.size() - kWeight.size());
    const AdapterTarget whole{module, 0, weight.rows()};
    add(module, whole);
    if (family != ModelFamily::kZImage) continue;
    const auto add_diffusers = [&](int part, const AdapterTarget& target) {
      const std::string theirs = diffusers_dit_name(name, part);
      add(std::string_view(theirs).substr(0, theirs.size() - kWeight.size()), target);
    };
    add_diffusers(CanonicalTarget::kWhole, whole);
    if (module.ends_with(".attention.qkv") && weight.rows() % 3 == 0) {
      const int64_t rows = weight.rows() / 3;
      for (int part = 0; part < 3; ++part) add_diffusers(part, {module, part * rows, rows});
    }
    if (module.ends_with(".attention.out")) {
      add(module.substr(0, module.size() - 3) + "to_out", whole);
    }
  }
}

void AdapterTargets::add(std::string_view name, const AdapterTarget& target) {
  targets_.emplace(with_underscores(name), target);
}

const AdapterTarget* AdapterTargets::find(std::string_view module) const {
  const std::string plain = with_underscores(module);
  for (std::string_view name = plain;;) {
    const auto found = targets_.find(name);
    if (found != targets_.end()) return &found->second;
    const auto* prefix =
        std::find_if(kPrefixes.begin(), kPrefixes.end(),
                     [&](std::string_view text) { return name.starts_with(text); });
    if (prefix == kPrefixes.end()) return nullptr;
    name.remove_prefix(prefix->size());
  }
}

bool names_text_encoder(std::string_view module) {
  return module.starts_with("lora_te") || module.starts_with("text_encoder");
}

}  // namespace zanime::checkpoints
