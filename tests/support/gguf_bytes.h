// GGUF files made value by value, right or wrong.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/dtype.h"
#include "tests/support/edit_safetensors.h"

namespace zanime::testing {

// The numbers of GGUF's tensor types.
inline uint32_t gguf_type(DType dtype) {
  static const std::map<DType, uint32_t> kTypes = {
      {DType::kF32, 0},   {DType::kF16, 1},   {DType::kQ4_0, 2},  {DType::kQ4_1, 3},
      {DType::kQ5_0, 6},  {DType::kQ5_1, 7},  {DType::kQ8_0, 8},  {DType::kQ2_K, 10},
      {DType::kQ3_K, 11}, {DType::kQ4_K, 12}, {DType::kQ5_K, 13}, {DType::kQ6_K, 14},
      {DType::kBF16, 30}};
  return kTypes.at(dtype);
}

class GgufBytes {
 public:
  static constexpr uint32_t kTextType = 8, kListType = 9;

  struct Tensor {
    std::string name;
    std::vector<uint64_t> extents;  // fastest first
    uint32_t type = 0;
    uint64_t offset = 0;
  };

  uint32_t version = 3;
  uint64_t alignment = 32;
  std::vector<Tensor> tensors;
  std::string pairs;  // already encoded
  uint64_t pair_count = 0;
  std::string data;

  template <typename T>
  static std::string number(T value) {
    std::string bytes(sizeof value, '\0');
    std::memcpy(bytes.data(), &value, sizeof value);
    return bytes;
  }
  static std::string text(std::string_view value) {
    return number<uint64_t>(value.size()) + std::string(value);
  }

  void add_pair(std::string_view key, uint32_t type, const std::string& value) {
    pairs += text(key) + number(type) + value;
    ++pair_count;
  }
  // The tensor's bytes go behind those that are there.
  void add(const std::string& name, const Shape& shape, uint32_t type,
           std::span<const std::byte> bytes) {
    data.resize((data.size() + alignment - 1) / alignment * alignment, '\0');
    Tensor tensor{name, {}, type, data.size()};
    for (int axis = shape.rank() - 1; axis >= 0; --axis) {
      tensor.extents.push_back(static_cast<uint64_t>(shape[axis]));
    }
    tensors.push_back(std::move(tensor));
    data.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }

  std::string bytes() const {
    std::string file =
        "GGUF" + number(version) + number<uint64_t>(tensors.size()) + number(pair_count) + pairs;
    for (const Tensor& tensor : tensors) {
      file += text(tensor.name) + number(static_cast<uint32_t>(tensor.extents.size()));
      for (const uint64_t extent : tensor.extents) file += number(extent);
      file += number(tensor.type) + number(tensor.offset);
    }
    file.resize((file.size() + alignment - 1) / alignment * alignment, '\0');
    return file + data;
  }
};

// A safetensors file's tensors as a GGUF file, under the names that `rename` makes of theirs.
template <typename Rename>
GgufBytes as_gguf(const EditableFile& file, Rename rename) {
  GgufBytes gguf;
  for (const auto& [name, tensor] : file.tensors) {
    gguf.add(rename(name), tensor.shape, gguf_type(tensor.dtype), tensor.bytes);
  }
  // ggml drops axes of extent 1.
  for (GgufBytes::Tensor& tensor : gguf.tensors) {
    if (tensor.name.ends_with("pad_token")) tensor.extents = {tensor.extents[0]};
  }
  return gguf;
}

// llama.cpp's name of a tensor of Qwen3, written down independently of the mapping.
inline std::string llama_cpp_name(std::string name) {
  const auto replace = [&](const std::string& from, const std::string& to) {
    const size_t at = name.find(from);
    if (at != std::string::npos) name.replace(at, from.size(), to);
  };
  replace("model.layers.", "blk.");
  replace("self_attn.q_norm", "attn_q_norm");
  replace("self_attn.k_norm", "attn_k_norm");
  replace("self_attn.q_proj", "attn_q");
  replace("self_attn.k_proj", "attn_k");
  replace("self_attn.v_proj", "attn_v");
  replace("self_attn.o_proj", "attn_output");
  replace("post_attention_layernorm", "ffn_norm");
  replace("input_layernorm", "attn_norm");
  replace("mlp.gate_proj", "ffn_gate");
  replace("mlp.up_proj", "ffn_up");
  replace("mlp.down_proj", "ffn_down");
  replace("model.embed_tokens", "token_embd");
  replace("model.norm", "output_norm");
  return name;
}

}  // namespace zanime::testing
