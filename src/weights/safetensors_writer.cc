#include "weights/safetensors_writer.h"

#include <algorithm>
#include <numeric>
#include <set>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/text/quote.h"

namespace zanime::weights {
namespace {

// Cache lines and AVX-512 loads like it; the format itself asks for 8.
constexpr size_t kDataAlignment = 64;

}  // namespace

SafetensorsLayout plan_safetensors(const std::vector<TensorSpec>& specs,
                                   const WeightFile::Metadata& metadata) {
  // With larger elements first every tensor is aligned and there are no gaps.
  std::vector<size_t> order(specs.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return dtype_size(specs[a].dtype) > dtype_size(specs[b].dtype);
  });

  SafetensorsLayout layout;
  layout.offsets.resize(specs.size());
  std::set<std::string_view> names = {"__metadata__"};
  uint64_t position = 0;
  std::string json =
      metadata.empty() ? "{" : "{\"__metadata__\":" + nlohmann::json(metadata).dump();
  for (const size_t index : order) {
    const TensorSpec& spec = specs[index];
    if (!names.insert(spec.name).second) {
      throw Error(ErrorKind::kInternal,
                  "a safetensors file cannot hold " + text::quote(spec.name) + " twice");
    }
    const uint64_t end =
        position + static_cast<uint64_t>(spec.shape.size() * dtype_size(spec.dtype));
    const nlohmann::ordered_json entry = {{"dtype", dtype_name(spec.dtype)},
                                          {"shape", spec.shape.dims()},
                                          {"data_offsets", {position, end}}};
    if (json.size() > 1) json += ',';
    json += nlohmann::json(spec.name).dump() + ':' + entry.dump();
    layout.offsets[index] = position;
    position = end;
  }
  json += '}';
  json.resize(
      (sizeof(uint64_t) + json.size() + kDataAlignment - 1) / kDataAlignment * kDataAlignment -
          sizeof(uint64_t),
      ' ');

  const uint64_t length = json.size();
  layout.header.assign(reinterpret_cast<const char*>(&length), sizeof length);
  layout.header += json;
  for (uint64_t& offset : layout.offsets) offset += layout.header.size();
  layout.file_size = layout.header.size() + position;
  return layout;
}

void write_safetensors(const std::filesystem::path& path, const std::vector<RawTensor>& tensors,
                       const WeightFile::Metadata& metadata) {
  std::vector<TensorSpec> specs;
  for (const RawTensor& tensor : tensors) {
    const auto expected =
        static_cast<size_t>(tensor.spec.shape.size() * dtype_size(tensor.spec.dtype));
    if (tensor.bytes.size() != expected) {
      throw Error(ErrorKind::kInternal, "tensor " + text::quote(tensor.spec.name) + " has " +
                                            std::to_string(tensor.bytes.size()) +
                                            " bytes, its shape needs " + std::to_string(expected));
    }
    specs.push_back(tensor.spec);
  }
  const SafetensorsLayout layout = plan_safetensors(specs, metadata);
  files::AtomicFile file(path, layout.file_size);
  file.write_at(0, std::as_bytes(std::span(layout.header)));
  for (size_t i = 0; i < tensors.size(); ++i) file.write_at(layout.offsets[i], tensors[i].bytes);
  file.commit();
}

void write_safetensors(const std::filesystem::path& path,
                       const std::map<std::string, Tensor>& tensors,
                       const WeightFile::Metadata& metadata) {
  std::vector<RawTensor> raw;
  for (const auto& [name, tensor] : tensors) {
    raw.push_back({{name, DType::kF32, tensor.shape()}, std::as_bytes(tensor.values())});
  }
  write_safetensors(path, raw, metadata);
}

}  // namespace zanime::weights
