// Weight files whose tensors bear the names that this program knows its networks by.
#pragma once

#include <filesystem>
#include <memory>

#include "weights/weight_file.h"

namespace zanime::checkpoints {

// As weights::open_weight_file, and models of several files (split_model.h). llama.cpp's names of
// Qwen3 (`blk.0.attn_q.weight`), which GGUF files have, become those of Hugging Face.
std::shared_ptr<const weights::WeightFile> open_model_file(const std::filesystem::path& path);

// The same for a file that is open.
std::shared_ptr<const weights::WeightFile> with_known_names(
    std::shared_ptr<const weights::WeightFile> file);

}  // namespace zanime::checkpoints
