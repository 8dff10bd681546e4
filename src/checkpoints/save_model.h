// Networks as a safetensors file that ComfyUI opens.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "checkpoints/model_weights.h"
#include "weights/weight_file.h"

namespace zanime::checkpoints {

// What stands before the canonical names of a network in a file that ComfyUI saves.
inline constexpr const char* kSavedDitPrefix = "model.diffusion_model.";
inline constexpr const char* kSavedQwen3Prefix = "text_encoders.qwen3_4b.transformer.model.";
inline constexpr const char* kSavedAutoencoderPrefix = "vae.";

struct NetworkToSave {
  const ModelWeights* weights = nullptr;
  std::string prefix;
};

// Writes the networks, changes of their weights included, beside `path` and renames the file. A
// weight without changes keeps the type that it has in its file where that is a plain one; all
// others are written as `type`, some rows at a time. False, and nothing is written, where a file of
// this name has appeared meanwhile. Throws what AtomicFile throws.
bool save_networks(const std::filesystem::path& path, const std::vector<NetworkToSave>& networks,
                   DType type, const weights::WeightFile::Metadata& metadata = {});

}  // namespace zanime::checkpoints
