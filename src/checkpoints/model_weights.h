// The weights of one network under canonical (ComfyUI) names, whatever layout the file uses.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>

#include "weights/weight.h"
#include "weights/weight_file.h"

namespace zanime::weights {
class WeightFile;
}

namespace zanime::checkpoints {

struct ModelComponent;

enum class ModelFamily { kZImage, kQwen3, kFluxAutoencoder };
// "Z-Image diffusion model", "Qwen3 text encoder", "FLUX autoencoder"
std::string family_name(ModelFamily family);

class ModelWeights {
 public:
  ModelWeights(std::filesystem::path path, std::map<std::string, weights::Weight> weights)
      : path_(std::move(path)), weights_(std::move(weights)) {}

  const std::filesystem::path& path() const { return path_; }
  bool has(const std::string& name) const { return weights_.contains(name); }
  // Throws Error(kFile) naming the file and the tensor when it is missing.
  const weights::Weight& get(const std::string& name) const;
  // The same, and throws Error(kFile) with both shapes when the shape is not `shape`.
  const weights::Weight& get(const std::string& name, const Shape& shape) const;
  // get() converted to float32: norms, biases, pad tokens.
  Tensor get_float32(const std::string& name, const Shape& shape) const;
  const std::map<std::string, weights::Weight>& all() const { return weights_; }

 private:
  std::filesystem::path path_;
  std::map<std::string, weights::Weight> weights_;
};

// Maps the file and returns the network's weights under canonical names:
// - kZImage: MODELS.md's canonical column; to_q/to_k/to_v become one three-part
//   `….attention.qkv.weight`; the prefixes `model.diffusion_model.`, `diffusion_model.`, `model.`
//   are taken off.
// - kQwen3: Hugging Face names without prefix (`model.` is kept off: `layers.0.…`,
//   `embed_tokens.weight`); an all-in-one file's `text_encoders.qwen3_4b.transformer.` too.
// - kFluxAutoencoder: `decoder.conv_in.weight`, `encoder.…`; prefix `vae.` or
//   `first_stage_model.` taken off.
// Scales of scaled F8 are folded into the parts. Throws Error(kFile) when the file is not a
// weight file (saying what it is instead) or holds another family of model (saying which).
ModelWeights open_model_weights(const std::filesystem::path& path, ModelFamily family);

// The same for a network that identify() found in an open file.
ModelWeights load_component(std::shared_ptr<const weights::WeightFile> file,
                            const ModelComponent& component);

}  // namespace zanime::checkpoints
