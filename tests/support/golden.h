// Reference results of ComfyUI; tests/golden/README.md says how they were made and what counts as
// equal.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>

#include <nlohmann/json.hpp>

#include "base/tensor.h"
#include "weights/safetensors.h"

namespace zanime::testing {

inline std::filesystem::path golden_path(const std::string& name) {
  return std::filesystem::path(ZANIME_GOLDEN_DIR) / name;
}

inline nlohmann::json golden_json(const std::string& name) {
  std::ifstream file(golden_path(name));
  if (!file) throw std::runtime_error("no golden file " + name);
  return nlohmann::json::parse(file);
}

// A tensor of results.safetensors, in float32.
inline Tensor golden_tensor(const std::string& name) {
  static const auto file = SafetensorsFile::open(golden_path("results.safetensors"));
  return file->read_float32(name);
}

inline nlohmann::json golden_cases() { return golden_json("cases.json"); }

// Text of prompt `index` of tokens.json.
inline std::string golden_prompt(int index) {
  return golden_json("tokens.json").at(index).at("text").get<std::string>();
}

}  // namespace zanime::testing
