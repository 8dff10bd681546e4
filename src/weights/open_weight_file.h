// Weight files of either format.
#pragma once

#include <filesystem>
#include <memory>

#include "weights/weight_file.h"

namespace zanime::weights {

// A safetensors or GGUF file, told apart by how it begins. Throws what open_safetensors and
// open_gguf throw.
std::shared_ptr<const WeightFile> open_weight_file(const std::filesystem::path& path);

}  // namespace zanime::weights
