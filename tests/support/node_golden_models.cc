#include "tests/support/node_golden_models.h"

#include <array>
#include <functional>
#include <map>
#include <span>
#include <vector>

#include "checkpoints/synth.h"
#include "checkpoints/synth_values.h"
#include "tests/support/golden.h"
#include "tests/support/synthetic_models.h"
#include "weights/float_encoding.h"
#include "weights/safetensors_writer.h"

namespace zanime::testing {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

const json& listed_models() {
  static const json models = golden_json("nodes/models.json");
  return models;
}

// A file of models.json: the law of names, some tensors scaled, moved or zero.
void write_listed_model(const fs::path& path, const json& model) {
  const DType dtype = dtype_from_name(model.at("dtype").get<std::string>()).value();
  std::map<std::string, std::vector<std::byte>> bytes;
  std::vector<weights::RawTensor> tensors;
  for (const auto& [name, sizes] : model.at("tensors").items()) {
    const Shape shape{sizes.get<std::vector<int64_t>>()};
    Tensor values = checkpoints::synth_tensor(name, shape);
    const auto affine = model.at("affine").find(name);
    if (affine != model.at("affine").end()) {
      const auto scale = affine->at(0).get<float>(), offset = affine->at(1).get<float>();
      for (float& value : values.values()) value = scale * value + offset;
    }
    for (const json& zero : model.at("zero")) {
      if (zero == name) values = Tensor::zeros(shape);
    }
    std::vector<std::byte>& encoded = bytes[name];
    encoded.resize(static_cast<size_t>(dtype_bytes(dtype, values.size())));
    weights::encode_floats(values.data(), values.size(), dtype, encoded.data());
    tensors.push_back({{name, dtype, shape}, encoded});
  }
  weights::write_safetensors(path, tensors);
}

using Maker = std::function<fs::path()>;

fs::path tiny_autoencoder_with_encoder(int64_t channels) {
  const fs::path path =
      synthetic_folder() / ("tiny-vae-" + std::to_string(channels) + "-full.safetensors");
  if (!fs::exists(path)) {
    checkpoints::synth_autoencoder(path, checkpoints::flux_autoencoder(channels), DType::kF32);
  }
  return path;
}

const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> kMakers{
      {"diffusion_models/tiny-dit-fp32", [] { return tiny_dit("fp32"); }},
      {"diffusion_models/tiny-dit-fp8", [] { return tiny_dit("fp8"); }},
      {"diffusion_models/tiny-dit-diffusers-fp8", [] { return tiny_dit("fp8-diffusers"); }},
      {"diffusion_models/tiny-dit-deep-fp8", [] { return tiny_dit("fp8", 30); }},
      {"text_encoders/tiny-qwen3-fp8", [] { return tiny_text_encoder("fp8"); }},
      {"text_encoders/tiny-qwen3-bf16", [] { return tiny_text_encoder("bf16"); }},
      {"vae/tiny-vae-full-fp32",
       [] { return tiny_autoencoder_with_encoder(golden_cases().at("vae").at("ch")); }},
      {"vae/tiny-vae-64-fp32", [] { return tiny_autoencoder_with_encoder(64); }},
      {"checkpoints/tiny-aio-fp8", [] { return tiny_all_in_one(); }},
  };
  return kMakers;
}

}  // namespace

fs::path node_golden_model(const std::string& folder, const std::string& name) {
  for (const fs::path& path :
       {golden_path("nodes/models/" + folder + "/" + name), golden_path(folder + "/" + name)}) {
    if (fs::is_regular_file(path)) return path;
  }
  const std::string key = folder + "/" + fs::path(name).stem().string();
  if (const auto maker = makers().find(key); maker != makers().end()) return maker->second();
  if (const auto model = listed_models().find(key); model != listed_models().end()) {
    const fs::path path = synthetic_folder() / fs::path(name).filename();
    if (!fs::exists(path)) write_listed_model(path, *model);
    return path;
  }
  return {};
}

}  // namespace zanime::testing
