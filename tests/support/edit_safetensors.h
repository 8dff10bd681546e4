// Copies of weight files with other names and tensors.
#pragma once

#include <cstddef>
#include <cstring>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "weights/safetensors.h"
#include "weights/safetensors_writer.h"
#include "weights/weight_file.h"

namespace zanime::testing {

// A tensor that owns its bytes.
struct OwnedTensor {
  DType dtype = DType::kF32;
  Shape shape;
  std::vector<std::byte> bytes;
};

// A weight file in memory that a test changes and writes.
struct EditableFile {
  std::map<std::string, OwnedTensor> tensors;
  weights::WeightFile::Metadata metadata;

  static EditableFile read(const std::filesystem::path& path) {
    EditableFile result;
    const auto file = weights::open_safetensors(path);
    for (const auto& [name, entry] : file->tensors()) {
      result.tensors[name] = {entry.dtype, entry.shape, {entry.data, entry.data + entry.bytes}};
    }
    return result;
  }
  void write(const std::filesystem::path& path) const {
    std::vector<weights::RawTensor> raw;
    for (const auto& [name, tensor] : tensors) {
      raw.push_back({{name, tensor.dtype, tensor.shape}, tensor.bytes});
    }
    weights::write_safetensors(path, raw, metadata);
  }

  void add(const std::string& name, Shape shape, const std::vector<float>& values) {
    const auto bytes = std::as_bytes(std::span(values));
    tensors[name] = {DType::kF32, std::move(shape), {bytes.begin(), bytes.end()}};
  }
  void add_text(const std::string& name, const std::string& text) {
    const auto bytes = std::as_bytes(std::span(text));
    tensors[name] = {DType::kU8, {static_cast<int64_t>(text.size())}, {bytes.begin(), bytes.end()}};
  }
  // A tensor of zeros, for tests that look at names and shapes only.
  void add_zeros(const std::string& name, Shape shape, DType dtype = DType::kF32) {
    const auto size = static_cast<size_t>(shape.size() * dtype_size(dtype));
    tensors[name] = {dtype, std::move(shape), std::vector<std::byte>(size)};
  }
  void rename(const std::string& from, const std::string& to) {
    auto node = tensors.extract(from);
    node.key() = to;
    tensors.insert(std::move(node));
  }
  // Every name becomes what `change` makes of it.
  template <typename Change>
  EditableFile renamed(Change change) const {
    EditableFile result{{}, metadata};
    for (const auto& [name, tensor] : tensors) result.tensors[change(name)] = tensor;
    return result;
  }
};

}  // namespace zanime::testing
