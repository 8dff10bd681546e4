// The GGUF file format of ggml and llama.cpp, versions 2 and 3
// (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md): key-value pairs, descriptions of
// tensors, then their bytes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "base/files/mapped_file.h"
#include "weights/weight_file.h"

namespace zanime::weights {

// Whether the file begins like one.
bool is_gguf(std::span<const std::byte> file);

// The tensors of such a file under the names that it has. Shapes are row-major (the file lists the
// fastest axis first). Every length, count, offset and type is checked, so that no later
// read can leave the file. metadata() has the single values; arrays are left out.
//
// Throws Error(kFile) for a damaged or truncated file, another version or byte order, and block
// formats other than those of DType.
std::shared_ptr<const WeightFile> open_gguf(std::shared_ptr<const files::MappedFile> mapping);
// The same for bytes in memory, which must outlive the result. `path` names the place in messages.
std::shared_ptr<const WeightFile> parse_gguf(const std::filesystem::path& path,
                                             std::span<const std::byte> file);

}  // namespace zanime::weights
