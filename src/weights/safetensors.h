// The safetensors file format (https://github.com/huggingface/safetensors): eight bytes of header
// length, a JSON header, then the tensors' bytes without gaps.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "base/files/mapped_file.h"
#include "weights/weight_file.h"

namespace zanime::weights {

// Throws Error(kFile) when the file is no safetensors file (saying what it is instead), is
// truncated, or has a header that contradicts itself; the first form also what MappedFile::open
// throws.
std::shared_ptr<const WeightFile> open_safetensors(const std::filesystem::path& path);
std::shared_ptr<const WeightFile> open_safetensors(
    std::shared_ptr<const files::MappedFile> mapping);
// The same for bytes in memory, which must outlive the result and be aligned to 8 bytes. `path`
// only names the place in messages.
std::shared_ptr<const WeightFile> parse_safetensors(const std::filesystem::path& path,
                                                    std::span<const std::byte> file);

}  // namespace zanime::weights
