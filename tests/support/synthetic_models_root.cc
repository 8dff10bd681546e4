#include "tests/support/synthetic_models_root.h"

#include "checkpoints/synth.h"
#include "tests/support/golden.h"
#include "tests/support/synthetic_models.h"

namespace zanime::testing {
namespace {

namespace fs = std::filesystem;

fs::path make_root() {
  const fs::path root = synthetic_folder() / "models";
  const auto place = [&](const fs::path& file, const std::string& name) {
    const fs::path target = root / name;
    fs::create_directories(target.parent_path());
    fs::create_hard_link(file, target);
  };
  for (const std::string variant : {"fp32", "bf16", "fp8"}) {
    place(tiny_dit(variant), "diffusion_models/tiny-dit-" + variant + ".safetensors");
  }
  place(tiny_dit("fp8-diffusers"), "diffusion_models/tiny-dit-diffusers-fp8.safetensors");
  place(tiny_text_encoder("fp8"), "text_encoders/tiny-qwen3-fp8.safetensors");
  place(tiny_all_in_one(), "checkpoints/tiny-aio-fp8.safetensors");
  fs::create_directories(root / "vae");
  checkpoints::synth_autoencoder(root / "vae" / "tiny-vae-full-fp32.safetensors",
                                 checkpoints::flux_autoencoder(golden_cases().at("vae").at("ch")),
                                 DType::kF32);
  fs::create_directory_symlink(golden_path("loras"), root / "loras");
  return root;
}

}  // namespace

fs::path synthetic_models_root() {
  static const fs::path kRoot = make_root();
  return kRoot;
}

}  // namespace zanime::testing
