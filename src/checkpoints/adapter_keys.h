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
  kDiff,
  kDiffBias
};

struct AdapterKey {
  std::string module;  // as the file spells it, prefix included
  AdapterRole role = AdapterRole::kDown;
};

// PEFT (`.lora_A.weight`), Diffusers (`.lora.down.weight`), ComfyUI and kohya
// (`.lora_down.weight`), LyCORIS (`.hada_w1_a`, `.lokr_w2`). nullopt for anything else.
std::optional<AdapterKey> parse_adapter_key(std::string_view key);

}  // namespace zanime::checkpoints
