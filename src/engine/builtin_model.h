// The small model that ships with the program, so that a picture can be made before any download.
// How it was made and what it can draw: docs/small-model.md.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "engine/generation_params.h"

namespace zanime::engine::builtin {

inline constexpr std::string_view kDiffusionModel = "zanime-small-fp8.safetensors";
inline constexpr std::string_view kTextEncoder = "zanime-small-qwen3-fp8.safetensors";
inline constexpr std::string_view kAutoencoder = "zanime-small-ae.safetensors";

// Pixels a side: what it was mostly trained on, and what it is good for.
inline constexpr int64_t kSide = 128;
// Pixels a side of the largest pictures that it saw in training.
inline constexpr int64_t kLargestSide = 256;

// The folder with its files, laid out as a models root: of the installed program
// (PREFIX/share/zanime/small-model, found from where the program lies), else of the source tree it
// was built from. Empty if it is in neither place.
std::filesystem::path folder();

// What is to be said of a picture of this size in pixels: empty up to kSide a side.
std::string strain(int64_t width, int64_t height);

// Whether the request names the built-in diffusion model.
bool is_used_by(const GenerationParams& params);

}  // namespace zanime::engine::builtin
