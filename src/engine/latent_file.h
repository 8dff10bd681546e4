// Latents on disk, in ComfyUI's .latent form: a safetensors file that carries how it was made.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace zanime::engine {

// The bytes of such a file: `latent_tensor` [batch, channels, height, width] in float32, the mark
// `latent_format_version_0`, and `prompt` (the graph in API form, as JSON text) in its metadata.
std::vector<std::byte> encode_latent(const Tensor& samples, const std::string& prompt);

// Writes it as folder/prefix_00001_.latent, numbered as pictures are, and returns the name. Never
// replaces a file.
std::filesystem::path save_numbered_latent(const std::filesystem::path& folder,
                                           const std::string& prefix, const Tensor& samples,
                                           const std::string& prompt);

}  // namespace zanime::engine
