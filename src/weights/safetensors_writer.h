// Writing safetensors files (weights/safetensors.h says what the format is).
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/dtype.h"
#include "base/shape.h"
#include "base/tensor.h"
#include "weights/weight_file.h"

namespace zanime::weights {

// What a tensor to be written looks like.
struct TensorSpec {
  std::string name;
  DType dtype = DType::kF32;
  Shape shape;
};

// Where everything goes in a file that holds `specs`. The data begins at a multiple of 64 bytes,
// and every tensor at a multiple of its element size (larger elements come first).
struct SafetensorsLayout {
  std::string header;             // length and JSON: the file's first bytes
  std::vector<uint64_t> offsets;  // from the start of the file, in the order of `specs`
  uint64_t file_size = 0;
};
// Throws Error(kInternal) for a duplicate or reserved name.
SafetensorsLayout plan_safetensors(const std::vector<TensorSpec>& specs,
                                   const WeightFile::Metadata& metadata = {});

// A tensor with its bytes, little-endian and row-major.
struct RawTensor {
  TensorSpec spec;
  std::span<const std::byte> bytes;
};

// Write the file beside its place and rename it. Throw what AtomicFile throws.
void write_safetensors(const std::filesystem::path& path, const std::vector<RawTensor>& tensors,
                       const WeightFile::Metadata& metadata = {});
void write_safetensors(const std::filesystem::path& path,
                       const std::map<std::string, Tensor>& tensors,
                       const WeightFile::Metadata& metadata = {});

}  // namespace zanime::weights
