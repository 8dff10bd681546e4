// A report on a model file, for people: what it is, how it stores its weights, what is odd.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/dtype.h"
#include "checkpoints/model_family.h"

namespace zanime::checkpoints {

struct TypeTotal {
  int64_t tensors = 0;
  int64_t bytes = 0;
};

// One network of the file. Scales and markers of quantised weights are counted in the whole
// file's totals only.
struct NetworkReport {
  ModelFamily family = ModelFamily::kZImage;
  std::string name;    // "Z-Image diffusion model"
  std::string layout;  // "canonical" or "Diffusers"
  std::string prefix;  // of its names in the file, may be empty
  // In a sensible order: {"dim", 3840}, {"layers", 30}, … Zero: the tensor that says it is missing.
  std::vector<std::pair<std::string, int64_t>> widths;
  int64_t tensors = 0;
  int64_t parameters = 0;
  std::map<DType, TypeTotal> types;
  bool scaled = false;  // some weights have scales
};

struct ModelReport {
  std::filesystem::path path;
  uint64_t file_size = 0;
  std::string description;              // as FileContents::description
  std::vector<NetworkReport> networks;  // empty for a model this engine does not run
  int64_t tensors = 0;
  int64_t parameters = 0;
  std::map<DType, TypeTotal> types;
  std::map<std::string, std::string> metadata;
  // Sentences: what keeps the file from being loaded, missing and unused tensors, shapes that
  // contradict the widths, mixed types, values that are not finite (tensors of up to a million
  // values are looked at), missing pad tokens or encoder.
  std::vector<std::string> oddities;
};

// Throws what open_weight_file throws.
ModelReport inspect_model(const std::filesystem::path& path);

// The report as text of several lines, each ended by a newline.
std::string report_text(const ModelReport& report);

}  // namespace zanime::checkpoints
