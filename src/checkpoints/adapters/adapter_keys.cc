#include "checkpoints/adapters/adapter_keys.h"

#include <array>

namespace zanime::checkpoints {
namespace {

struct Suffix {
  std::string_view text;
  AdapterRole role;
};
// A suffix that ends in another comes before it.
constexpr std::array kSuffixes = {
    Suffix{".lora_A.weight", AdapterRole::kDown},
    Suffix{".lora_B.weight", AdapterRole::kUp},
    Suffix{".lora_A", AdapterRole::kDown},
    Suffix{".lora_B", AdapterRole::kUp},
    Suffix{".lora_down.weight", AdapterRole::kDown},
    Suffix{".lora_up.weight", AdapterRole::kUp},
    Suffix{".lora_mid.weight", AdapterRole::kMid},
    Suffix{".lora.down.weight", AdapterRole::kDown},
    Suffix{".lora.up.weight", AdapterRole::kUp},
    Suffix{"_lora.down.weight", AdapterRole::kDown},
    Suffix{"_lora.up.weight", AdapterRole::kUp},
    Suffix{".lora_linear_layer.down.weight", AdapterRole::kDown},
    Suffix{".lora_linear_layer.up.weight", AdapterRole::kUp},
    Suffix{".alpha", AdapterRole::kAlpha},
    Suffix{".dora_scale", AdapterRole::kDoraScale},
    Suffix{".lora_magnitude_vector.weight", AdapterRole::kMagnitudeVector},
    Suffix{".lora_magnitude_vector", AdapterRole::kMagnitudeVector},
    Suffix{".hada_w1_a", AdapterRole::kHadaW1A},
    Suffix{".hada_w1_b", AdapterRole::kHadaW1B},
    Suffix{".hada_w2_a", AdapterRole::kHadaW2A},
    Suffix{".hada_w2_b", AdapterRole::kHadaW2B},
    Suffix{".hada_t1", AdapterRole::kHadaT1},
    Suffix{".hada_t2", AdapterRole::kHadaT2},
    Suffix{".lokr_w1", AdapterRole::kLokrW1},
    Suffix{".lokr_w1_a", AdapterRole::kLokrW1A},
    Suffix{".lokr_w1_b", AdapterRole::kLokrW1B},
    Suffix{".lokr_w2", AdapterRole::kLokrW2},
    Suffix{".lokr_w2_a", AdapterRole::kLokrW2A},
    Suffix{".lokr_w2_b", AdapterRole::kLokrW2B},
    Suffix{".lokr_t2", AdapterRole::kLokrT2},
    Suffix{".a1.weight", AdapterRole::kGloraA1},
    Suffix{".a2.weight", AdapterRole::kGloraA2},
    Suffix{".b1.weight", AdapterRole::kGloraB1},
    Suffix{".b2.weight", AdapterRole::kGloraB2},
    Suffix{".oft_blocks", AdapterRole::kOftBlocks},
    Suffix{".rescale", AdapterRole::kRescale},
    Suffix{".bias.diff", AdapterRole::kDiffBias},
    Suffix{".bias.set_weight", AdapterRole::kSetBias},
    Suffix{".weight.diff", AdapterRole::kDiff},
    Suffix{".weight.set_weight", AdapterRole::kSet},
    Suffix{".diff", AdapterRole::kDiff},
    Suffix{".set_weight", AdapterRole::kSet},
    Suffix{".diff_b", AdapterRole::kDiffBias},
    Suffix{".w_norm", AdapterRole::kDiff},
    Suffix{".b_norm", AdapterRole::kDiffBias},
};

// PEFT puts the name that a user gave the adapter behind these.
constexpr std::array kNamedParts = {
    Suffix{".lora_A.", AdapterRole::kDown},
    Suffix{".lora_B.", AdapterRole::kUp},
    Suffix{".lora_magnitude_vector.", AdapterRole::kMagnitudeVector},
};

std::optional<AdapterKey> parse_named_key(std::string_view key) {
  constexpr std::string_view kWeight = ".weight";
  for (const Suffix& part : kNamedParts) {
    const size_t at = key.rfind(part.text);
    if (at == std::string_view::npos || at == 0) continue;
    std::string_view name = key.substr(at + part.text.size());
    if (name.ends_with(kWeight)) name.remove_suffix(kWeight.size());
    if (name.empty() || name.find('.') != std::string_view::npos) continue;
    return AdapterKey{std::string(key.substr(0, at)), part.role};
  }
  return std::nullopt;
}

}  // namespace

std::optional<AdapterKey> parse_adapter_key(std::string_view key) {
  for (const Suffix& suffix : kSuffixes) {
    if (key.size() > suffix.text.size() && key.ends_with(suffix.text)) {
      return AdapterKey{std::string(key.substr(0, key.size() - suffix.text.size())), suffix.role};
    }
  }
  return parse_named_key(key);
}

}  // namespace zanime::checkpoints
