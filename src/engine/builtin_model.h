// The small model that ships with the program, so that a picture can be made before any download.
// How it was made and what it can draw: docs/small-model.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "engine/generation_params.h"

namespace zanime::builtin {

inline constexpr std::string_view kDiffusionModel = "zanime-small-fp8.safetensors";
inline constexpr std::string_view kTextEncoder = "zanime-small-qwen3-fp8.safetensors";
inline constexpr std::string_view kAutoencoder = "zanime-small-ae.safetensors";

// Pixels a side: what it was trained on, and what it is good for. Larger pictures fall apart.
inline constexpr int64_t kSide = 128;

// The folder with its files, laid out as a models root: of the installed program
// (PREFIX/share/zanime/small-model, found from where the program lies), else of the source tree it
// was built from. Empty if it is in neither place.
std::filesystem::path folder();

// Whether the request names the built-in diffusion model.
bool is_used_by(const GenerationParams& params);

}  // namespace zanime::builtin
