// What a model file holds, from its tensors' names and shapes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "checkpoints/model_family.h"
#include "weights/weight_file.h"

namespace zanime::checkpoints {

// One of this engine's networks inside a file.
struct ModelComponent {
  ModelFamily family = ModelFamily::kZImage;
  std::string prefix;      // what stands before the network's own names in the file
  bool diffusers = false;  // Diffusers' layout instead of the canonical one
};

struct FileContents {
  std::vector<ModelComponent> components;
  // For people: "Z-Image diffusion model", "Stable Diffusion XL checkpoint", "LoRA adapter for
  // Z-Image", "unknown model (tensors such as 'a', 'b')".
  std::string description;

  // nullptr when the file does not hold that network.
  const ModelComponent* find(ModelFamily family) const;
};

// Never throws for a file that could be opened.
FileContents identify(const weights::WeightFile& file);

}  // namespace zanime::checkpoints
