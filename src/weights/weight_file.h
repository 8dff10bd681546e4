// A file of named tensors, in whatever format it is stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/dtype.h"
#include "base/shape.h"
#include "base/tensor.h"

namespace zanime::weights {

// One tensor of a file that was checked: `data` points to shape.size() elements, which may begin at
// any byte.
struct TensorEntry {
  DType dtype = DType::kF32;
  Shape shape;
  const std::byte* data = nullptr;
  uint64_t bytes = 0;
};

// What a format's reader found (weights/safetensors.h, weights/gguf.h). The reader checked
// everything, so that no later read can leave the file.
class WeightFile {
 public:
  using Tensors = std::map<std::string, TensorEntry, std::less<>>;
  using Metadata = std::map<std::string, std::string>;

  // `path` names the file in messages. `storage` is what the tensors' data lies in; nullptr for
  // bytes that outlive this.
  WeightFile(std::filesystem::path path, Tensors tensors, Metadata metadata, uint64_t file_size,
             std::shared_ptr<const void> storage)
      : path_(std::move(path)),
        storage_(std::move(storage)),
        tensors_(std::move(tensors)),
        metadata_(std::move(metadata)),
        file_size_(file_size) {}

  const std::filesystem::path& path() const { return path_; }
  const Tensors& tensors() const { return tensors_; }
  // nullptr when there is none of that name.
  const TensorEntry* find(std::string_view name) const;
  // Throws Error(kFile) that lists similar names when there is none of that name.
  const TensorEntry& get(std::string_view name) const;
  // The tensor converted to float32, from any floating-point type, I8, U8, I16, I32, I64 or BOOL.
  Tensor read_float32(std::string_view name) const;
  // `__metadata__` of a safetensors header, or the single values of GGUF's key-value pairs.
  const Metadata& metadata() const { return metadata_; }
  const std::shared_ptr<const void>& storage() const { return storage_; }
  uint64_t file_size() const { return file_size_; }

 private:
  std::filesystem::path path_;
  std::shared_ptr<const void> storage_;
  Tensors tensors_;
  Metadata metadata_;
  uint64_t file_size_;
};

}  // namespace zanime::weights
