// Settings that go together, by names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace zanime::engine {

// Picture sizes of about a megapixel, which the models were made for.
struct SizePreset {
  const char* name;
  int64_t width, height;
};
const std::vector<SizePreset>& size_presets();

// What a kind of model needs.
struct ModelPreset {
  const char* name;
  int64_t steps;
  double cfg;
};
const std::vector<ModelPreset>& model_presets();

// By their names. Throw Error(kUsage) for one that does not exist, naming those that do.
const SizePreset& size_preset(const std::string& name);
const ModelPreset& model_preset(const std::string& name);

}  // namespace zanime::engine
