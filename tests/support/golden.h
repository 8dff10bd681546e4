// Reference results of ComfyUI; tests/golden/README.md says how they were made and what counts as
// equal.
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

#include "base/tensor.h"

namespace zanime::testing {

std::filesystem::path golden_path(const std::string& name);

nlohmann::json golden_json(const std::string& name);

// A tensor of results.safetensors, in float32.
Tensor golden_tensor(const std::string& name);

nlohmann::json golden_cases();

// Text of prompt `index` of tokens.json.
std::string golden_prompt(int index);

}  // namespace zanime::testing
