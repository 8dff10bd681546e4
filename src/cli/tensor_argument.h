// Tensors on the command line: `FILE:NAME` is a tensor of a safetensors file.
#pragma once

#include <string>

#include "base/tensor.h"

namespace zanime::cli {

// The tensor in float32. `option` names the option in errors. Throws Error(kUsage) when the text
// has no `:NAME`, and as WeightFile does.
Tensor read_tensor_argument(const std::string& option, const std::string& text);

// The same, and it must be a latent: [batch, channels, height, width], nothing empty.
Tensor read_latent_argument(const std::string& option, const std::string& text);

// Writes a file with one tensor.
void write_tensor(const std::string& path, const std::string& name, const Tensor& tensor);

}  // namespace zanime::cli
