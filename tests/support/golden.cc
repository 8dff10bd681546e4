#include "tests/support/golden.h"

#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "weights/safetensors.h"

namespace zanime::testing {

std::filesystem::path golden_path(const std::string& name) {
  // Elsewhere where the tests run on another machine than they were built on.
  const char* folder = std::getenv("ZANIME_GOLDEN_FOLDER");
  return std::filesystem::path(folder != nullptr ? folder : ZANIME_GOLDEN_DIR) / name;
}

nlohmann::json golden_json(const std::string& name) {
  std::ifstream file(golden_path(name));
  if (!file) throw std::runtime_error("no golden file " + name);
  return nlohmann::json::parse(file);
}

Tensor golden_tensor(const std::string& name) {
  static const auto file = weights::open_safetensors(golden_path("results.safetensors"));
  return file->read_float32(name);
}

nlohmann::json golden_cases() { return golden_json("cases.json"); }

std::string golden_prompt(int index) {
  return golden_json("tokens.json").at(index).at("text").get<std::string>();
}

}  // namespace zanime::testing
