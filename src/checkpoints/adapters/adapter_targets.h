// From a module's name in an adapter file to rows of a network's tensors.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "checkpoints/model_family.h"
#include "checkpoints/model_weights.h"

namespace zanime::checkpoints {

// Rows [first_row, first_row + rows) of a tensor.
struct AdapterTarget {
  std::string tensor;  // canonical name, with `.weight` where it has that
  std::string bias;    // the canonical name of the bias beside it; empty when it cannot have one
  int64_t first_row = 0;
  int64_t rows = 0;
};

class AdapterTargets {
 public:
  AdapterTargets(const ModelWeights& weights, ModelFamily family);

  struct Found {
    const AdapterTarget* target = nullptr;
    bool diffusers = false;  // the name is Diffusers' and not also canonical
  };
  // Canonical and Diffusers names, with dots or with underscores, behind any wrapper that trainers
  // and tools put in front (`diffusion_model.`, `base_model.model.`, `lora_unet__`,
  // `_orig_mod.`, …): the longest end of the name that the network knows counts. No target when
  // there is none, or when the wrapper belongs to another network (`control_`, CLIP's).
  Found find(std::string_view module) const;
  // The network's names that resemble such an end, for messages.
  std::vector<std::string> nearest(std::string_view module) const;

 private:
  struct Entry {
    AdapterTarget target;
    std::string spelling;
    bool diffusers = false;
  };
  void add(std::string_view name, const AdapterTarget& target, bool diffusers);

  std::map<std::string, Entry, std::less<>> targets_;  // by name with underscores
};

// Whether the name's prefix says that the module is part of a text encoder.
bool names_text_encoder(std::string_view module);

}  // namespace zanime::checkpoints
