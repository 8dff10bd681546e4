// From a module's name in an adapter file to rows of a network's weights.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "checkpoints/model_family.h"
#include "checkpoints/model_weights.h"

namespace zanime::checkpoints {

// Rows [first_row, first_row + rows) of `<module>.weight`.
struct AdapterTarget {
  std::string module;
  int64_t first_row = 0;
  int64_t rows = 0;
};

class AdapterTargets {
 public:
  AdapterTargets(const ModelWeights& weights, ModelFamily family);

  // Canonical and Diffusers names, with dots or with underscores, behind any of the prefixes that
  // trainers write (`diffusion_model.`, `transformer.`, `lora_unet_`, `lora_te_`, …). nullptr when
  // the network has no such module.
  const AdapterTarget* find(std::string_view module) const;

 private:
  void add(std::string_view name, const AdapterTarget& target);

  std::map<std::string, AdapterTarget, std::less<>> targets_;  // by name with underscores
};

// Whether the name's prefix says that the module is part of a text encoder.
bool names_text_encoder(std::string_view module);

}  // namespace zanime::checkpoints
