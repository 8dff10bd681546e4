// Weight files of either format.
#pragma once

#include <filesystem>
#include <memory>

#include "weights/safetensors.h"

namespace zanime {

// A safetensors or GGUF file, told apart by how it begins. Throws what SafetensorsFile::open and
// open_gguf throw.
std::shared_ptr<const SafetensorsFile> open_weight_file(const std::filesystem::path& path);

}  // namespace zanime
