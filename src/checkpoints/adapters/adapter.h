// Adapters: small files that change a network's weights
// (LoRA, LoHa, LoKr, GLoRA, DoRA, OFT, BOFT, differences).
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "checkpoints/adapters/adapter_keys.h"
#include "checkpoints/adapters/adapter_targets.h"
#include "checkpoints/model_family.h"
#include "checkpoints/model_weights.h"
#include "weights/weight_file.h"

namespace zanime::checkpoints {

// How an adapter comes to a network.
enum class AdapterMode {
  kWeights,
  // As by ComfyUI's loaders that let adapters run beside the layers: a layer's adapter takes the
  // place of all that came so before, and those of a part of a layer (`to_q` of `qkv`) are left out
  // with a warning. Differences, biases and replacements are as ever.
  kBypass,
};

class Adapter {
 public:
  // What became of an adapter's keys, gathered over the networks that it is applied to.
  struct Use {
    std::set<std::string> keys;  // that found a tensor
    // For some modules that found none: names of the network that resemble theirs.
    std::map<std::string, std::vector<std::string>> nearest;
  };

  // Throws Error(kFile) when the file is no safetensors file, holds something other than an
  // adapter (saying what), or has two tensors for the same part of one.
  static Adapter open(const std::filesystem::path& path);
  // The same for a file that is open.
  static Adapter read(std::shared_ptr<const weights::WeightFile> file);

  // The weights with this adapter's changes for them, behind those that they have. Nothing is
  // copied or rewritten: a change is applied to each block of a weight as it is converted. A
  // strength of 0 gives the weights as they are.
  //
  // An adapter's keys are for whatever tensor bears their name (adapter_targets.h). Changes of
  // overlapping rows (`qkv` beside `to_q`) add up. Of two spellings of the same rows (`out` beside
  // `to_out.0`) Diffusers' counts, with a warning. Throws Error(kFile) naming the key for ranks or
  // shapes that do not fit, a missing half, values that are not finite.
  ModelWeights applied_to(const ModelWeights& weights, ModelFamily family, double strength,
                          Use& use, AdapterMode mode = AdapterMode::kWeights) const;

  // To be called when all networks have been changed: warns of keys that found no tensor, and
  // throws Error(kFile) when none did, saying what the adapter is for and what its keys come
  // nearest to. Without a text encoder, the keys for one are no reason to warn.
  void check_used(const Use& use, bool with_text_encoder) const;

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
  // A module's change of one tensor.
  struct Change {
    const Module* module = nullptr;
    AdapterTarget target;
    bool diffusers = false;
    bool is_bias = false;
    std::string tensor;

    // Of two spellings the one of higher rank is read later, and holds.
    int rank() const {
      return 2 * (diffusers ? 1 : 0) + (module->name.find('.') != std::string::npos ? 1 : 0);
    }
  };
  class Reader;

  explicit Adapter(std::shared_ptr<const weights::WeightFile> file) : file_(std::move(file)) {}

  std::vector<Change> find_changes(const AdapterTargets& targets, const ModelWeights& weights,
                                   Use& use) const;
  // Whether a module's change of a weight is one that a layer can have beside it.
  static bool runs_beside(const Module& module);
  std::string nothing_fits(const Use& use, const std::vector<std::string>& unused) const;

  std::shared_ptr<const weights::WeightFile> file_;
  std::map<std::string, Module> modules_;
};

}  // namespace zanime::checkpoints
