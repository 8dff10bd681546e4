// The reduced models that golden/ was made with, written once per test process.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace zanime::testing {

// Paths of files in a temporary folder that disappears with the process; made on first use.
// `variant`: "fp32", "bf16", "fp8", "fp8-diffusers". With that many layers; 0: as golden/ has it.
std::filesystem::path tiny_dit(const std::string& variant, int64_t layers = 0);
// `variant`: "fp8", "bf16".
std::filesystem::path tiny_text_encoder(const std::string& variant);
// Decoder only, F32.
std::filesystem::path tiny_autoencoder();
// All three in one file: diffusion model and text encoder in F8_E4M3, autoencoder with both halves
// in F32.
std::filesystem::path tiny_all_in_one();

// The folder that holds them.
std::filesystem::path synthetic_folder();

}  // namespace zanime::testing
