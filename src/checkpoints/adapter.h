// Adapters: small files that change a network's weights (LoRA, LoHa, LoKr, DoRA, differences).
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "checkpoints/adapter_keys.h"
#include "checkpoints/model_family.h"
#include "checkpoints/model_weights.h"
#include "weights/weight_file.h"

namespace zanime::checkpoints {

class Adapter {
 public:
  using Keys = std::set<std::string>;

  // Throws Error(kFile) when the file is no safetensors file, holds something other than an
  // adapter (saying what), or has two tensors for the same part of one.
  static Adapter open(const std::filesystem::path& path);
  // The same for a file that is open.
  static Adapter read(std::shared_ptr<const weights::WeightFile> file);

  // The weights with this adapter's changes for them, behind those that they have. Nothing is
  // copied or rewritten: a change is applied to each block of a weight as it is converted. A
  // strength of 0 gives the weights as they are. Keys that found a weight are added to `used`.
  //
  // An adapter's keys are for whatever weight bears their name, in canonical or Diffusers
  // spelling, fused or split. Throws Error(kFile) naming the key for ranks or shapes that do not
  // fit, a missing half, values that are not finite, two changes of the same rows.
  ModelWeights applied_to(const ModelWeights& weights, ModelFamily family, double strength,
                          Keys& used) const;

  // To be called when all networks have been changed: warns of keys that found no weight, and
  // throws Error(kFile) when none did, saying what the adapter is for. Without a text encoder, the
  // keys for one are no reason to warn.
  void check_used(const Keys& used, bool with_text_encoder) const;

 private:
  struct Stored {
    std::string key;
    const weights::TensorEntry* entry = nullptr;
  };
  // What a file has for one module.
  struct Module {
    std::string name;
    std::map<AdapterRole, Stored> tensors;
  };
  class Reader;

  explicit Adapter(std::shared_ptr<const weights::WeightFile> file) : file_(std::move(file)) {}

  std::shared_ptr<const weights::WeightFile> file_;
  std::map<std::string, Module> modules_;
};

}  // namespace zanime::checkpoints
