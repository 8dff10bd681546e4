// A models root with the reduced models that golden/ was made with, in ComfyUI's folders and under
// the names that the golden graphs use.
#pragma once

#include <filesystem>

namespace zanime::testing {

// diffusion_models/tiny-dit-{fp32,bf16,fp8,diffusers-fp8}, text_encoders/tiny-qwen3-fp8,
// vae/tiny-vae-full-fp32, each .safetensors, and golden/loras. Made on first use, gone with the
// process.
std::filesystem::path synthetic_models_root();

}  // namespace zanime::testing
