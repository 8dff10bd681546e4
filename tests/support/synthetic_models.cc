#include "tests/support/synthetic_models.h"

#include <cstdlib>
#include <stdexcept>

#include <unistd.h>

#include "checkpoints/synth.h"
#include "tests/support/golden.h"

namespace zanime::testing {
namespace {

namespace fs = std::filesystem;

struct TemporaryFolder {
  fs::path path;
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "zanime-test-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
    path = pattern;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
};

checkpoints::DitSpec dit_spec() {
  const nlohmann::json shape = golden_cases().at("dit_shape");
  checkpoints::DitSpec spec;
  spec.dim = shape.at("dim");
  spec.layers = shape.at("layers");
  spec.noise_refiners = spec.context_refiners = shape.at("refiners");
  spec.head_dim = shape.at("head_dim");
  spec.caption_dim = shape.at("cap");
  spec.ffn = shape.at("ffn");
  return spec;
}

checkpoints::Qwen3Spec text_encoder_spec() {
  const nlohmann::json shape = golden_cases().at("te");
  checkpoints::Qwen3Spec spec;
  spec.hidden = shape.at("hidden");
  spec.layers = shape.at("layers");
  spec.heads = shape.at("heads");
  spec.kv_heads = shape.at("kv");
  spec.head_dim = shape.at("head_dim");
  spec.ffn = shape.at("ffn");
  spec.vocabulary = shape.at("vocab");
  return spec;
}

checkpoints::AutoencoderSpec autoencoder_spec(bool encoder) {
  return checkpoints::flux_autoencoder(golden_cases().at("vae").at("ch"), encoder);
}

}  // namespace

fs::path synthetic_folder() {
  static const TemporaryFolder folder;
  return folder.path;
}

fs::path tiny_dit(const std::string& variant, int64_t layers) {
  const std::string depth = layers == 0 ? "" : "-" + std::to_string(layers);
  const fs::path path = synthetic_folder() / ("tiny-dit-" + variant + depth + ".safetensors");
  if (!fs::exists(path)) {
    checkpoints::DitSpec spec = dit_spec();
    if (layers != 0) spec.layers = layers;
    const bool diffusers = variant == "fp8-diffusers";
    checkpoints::synth_dit(
        path, spec, checkpoints::synth_dtype(diffusers ? "fp8" : variant).value(),
        diffusers ? checkpoints::NameLayout::kDiffusers : checkpoints::NameLayout::kComfy);
  }
  return path;
}

fs::path tiny_text_encoder(const std::string& variant) {
  const fs::path path = synthetic_folder() / ("tiny-qwen3-" + variant + ".safetensors");
  if (!fs::exists(path)) {
    checkpoints::synth_qwen3(path, text_encoder_spec(), checkpoints::synth_dtype(variant).value());
  }
  return path;
}

fs::path tiny_autoencoder() {
  const fs::path path = synthetic_folder() / "tiny-vae-fp32.safetensors";
  if (!fs::exists(path)) {
    checkpoints::synth_autoencoder(path, autoencoder_spec(/*encoder=*/false), DType::kF32);
  }
  return path;
}

fs::path tiny_all_in_one() {
  const fs::path path = synthetic_folder() / "tiny-aio-fp8.safetensors";
  if (!fs::exists(path)) {
    checkpoints::synth_all_in_one(path, {.dit = dit_spec(),
                                         .text_encoder = text_encoder_spec(),
                                         .autoencoder = autoencoder_spec(/*encoder=*/true)});
  }
  return path;
}

}  // namespace zanime::testing
