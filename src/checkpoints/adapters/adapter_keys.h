// The spellings of adapter files: which module a key belongs to and what it holds of it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace zanime::checkpoints {

enum class AdapterRole {
  kDown,
  kUp,
  kMid,
  kAlpha,
  kDoraScale,
  kMagnitudeVector,
  kHadaW1A,
  kHadaW1B,
  kHadaW2A,
  kHadaW2B,
  kHadaT1,
  kHadaT2,
  kLokrW1,
  kLokrW1A,
  kLokrW1B,
  kLokrW2,
  kLokrW2A,
  kLokrW2B,
  kLokrT2,
  kGloraA1,
  kGloraA2,
  kGloraB1,
  kGloraB2,
  kOftBlocks,
  kRescale,
  kDiff,
  kSet,
  kDiffBias,
  kSetBias
};

struct AdapterKey {
  std::string module;  // as the file spells it, prefix included
  AdapterRole role = AdapterRole::kDown;
};

// PEFT (`.lora_A.weight`, `.lora_A.any_name.weight`), Diffusers (`.lora.down.weight`), ComfyUI and
// kohya (`.lora_down.weight`, `.diff`, `.diff_b`, `.set_weight`), LyCORIS (`.hada_w1_a`,
// `.lokr_w2`, `.a1.weight`, `.oft_blocks`). A change of `m.bias` is one of the module m.
// nullopt for anything else.
std::optional<AdapterKey> parse_adapter_key(std::string_view key);

}  // namespace zanime::checkpoints
