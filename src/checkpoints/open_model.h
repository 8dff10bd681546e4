// From a file to the weights of one of the networks in it.
#pragma once

#include <filesystem>
#include <memory>

#include "checkpoints/family.h"
#include "checkpoints/model_weights.h"
#include "weights/weight_file.h"

namespace zanime::checkpoints {

// Maps the file and returns the network's weights under canonical names:
// - kZImage: ComfyUI's names; to_q/to_k/to_v become one three-part `….attention.qkv.weight`; the
//   prefixes `model.diffusion_model.`, `diffusion_model.`, `model.` are taken off.
// - kQwen3: Hugging Face names without prefix (`model.` is kept off: `layers.0.…`,
//   `embed_tokens.weight`); an all-in-one file's `text_encoders.qwen3_4b.transformer.` too.
// - kFluxAutoencoder: `decoder.conv_in.weight`, `encoder.…`; prefix `vae.` or
//   `first_stage_model.` taken off.
// - kZImageControl: ComfyUI's names, `control_layers.0.attention.qkv.weight`.
// - kUpscaler: Real-ESRGAN's names (upscaler_spec.h).
// Scales of scaled F8 are folded into the parts. Throws Error(kFile) when the file is not a
// weight file (saying what it is instead) or holds another family of model (saying which).
ModelWeights open_model_weights(const std::filesystem::path& path, ModelFamily family);

// The same for a network that identify() found in an open file.
ModelWeights load_component(std::shared_ptr<const weights::WeightFile> file,
                            const ModelComponent& component);

}  // namespace zanime::checkpoints
