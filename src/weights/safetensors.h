// The safetensors file format (https://github.com/huggingface/safetensors): eight bytes of header
// length, a JSON header, then the tensors' bytes without gaps.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"
#include "base/shape.h"
#include "base/tensor.h"
#include "weights/mapped_file.h"

namespace zanime {

// One tensor of a file that was checked: `data` points to shape.size() elements, aligned to their
// size.
struct TensorEntry {
  DType dtype = DType::kF32;
  Shape shape;
  const std::byte* data = nullptr;
  uint64_t bytes = 0;
};

// A safetensors file, or what a file of another format holds. Everything the header says is checked
// on opening, so that no later read can leave the file.
class SafetensorsFile {
 public:
  using Tensors = std::map<std::string, TensorEntry, std::less<>>;
  using Metadata = std::map<std::string, std::string>;

  // Throws Error(kFile) when the file is no safetensors file (saying what it is instead), is
  // truncated, or has a header that contradicts itself; and what MappedFile::open throws.
  static std::shared_ptr<const SafetensorsFile> open(const std::filesystem::path& path);
  // The same for bytes in memory, which must outlive the result and be aligned to 8 bytes. `path`
  // only names the place in messages.
  static std::shared_ptr<const SafetensorsFile> parse(const std::filesystem::path& path,
                                                      std::span<const std::byte> file);

  // Tensors that a reader of another format (weights/gguf.h) found and checked.
  static std::shared_ptr<const SafetensorsFile> of_tensors(
      std::filesystem::path path, Tensors tensors, Metadata metadata, uint64_t file_size,
      std::shared_ptr<const MappedFile> mapping);

  const std::filesystem::path& path() const { return path_; }
  const Tensors& tensors() const { return tensors_; }
  // nullptr when there is none of that name.
  const TensorEntry* find(std::string_view name) const;
  // Throws Error(kFile) that lists similar names when there is none of that name.
  const TensorEntry& get(std::string_view name) const;
  // The tensor converted to float32, from any floating-point type, I8, U8, I16, I32, I64 or BOOL.
  Tensor read_float32(std::string_view name) const;
  // `__metadata__` of the header.
  const Metadata& metadata() const { return metadata_; }
  // The mapping, nullptr after parse().
  const std::shared_ptr<const MappedFile>& mapping() const { return mapping_; }
  uint64_t file_size() const { return file_size_; }

 private:
  SafetensorsFile() = default;
  static std::shared_ptr<const SafetensorsFile> read(const std::filesystem::path& path,
                                                     std::span<const std::byte> file,
                                                     std::shared_ptr<const MappedFile> mapping);

  std::filesystem::path path_;
  std::shared_ptr<const MappedFile> mapping_;
  Tensors tensors_;
  Metadata metadata_;
  uint64_t file_size_ = 0;
};

// `count` stored elements as float32, by the scalar conversions of base/dtype.h.
void convert_to_float32(const std::byte* data, DType dtype, int64_t count, float* out);

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
                                   const SafetensorsFile::Metadata& metadata = {});

// A tensor with its bytes, little-endian and row-major.
struct RawTensor {
  TensorSpec spec;
  std::span<const std::byte> bytes;
};

// Write the file beside its place and rename it. Throw what AtomicFile throws.
void write_safetensors(const std::filesystem::path& path, const std::vector<RawTensor>& tensors,
                       const SafetensorsFile::Metadata& metadata = {});
void write_safetensors(const std::filesystem::path& path,
                       const std::map<std::string, Tensor>& tensors,
                       const SafetensorsFile::Metadata& metadata = {});

}  // namespace zanime
