// The official model files: where they come from, where they go, what is known about them. The
// one place for these facts; MODELS_SOURCE.md is their human form.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace zanime::fetch {

// How the weights are stored: what `zanime fetch --quant` chooses between.
enum class Quantization { kAny, kFp8, kBf16 };
// Those that a person may ask for, by name.
const std::map<std::string, Quantization>& quantizations();
// When `zanime fetch` takes the file.
enum class SourceRole {
  kDefault,    // always
  kAllInOne,   // with `--with aio`
  kRecognised  // never: an equivalent of another source that people already have
};

// A repository on the hub (huggingface.co).
struct ModelRepository {
  std::string_view name;      // owner/name
  std::string_view revision;  // full commit hash
  std::string_view licence;
};

struct ModelSource {
  std::string_view folder;  // under the models root
  std::string_view name;    // of the file in it
  std::string_view repository;
  std::string_view path;  // in the repository
  Quantization quantization;
  SourceRole role;
  // At the repository's pinned revision; 0 and empty where no public record was found.
  int64_t bytes = 0;
  std::string_view sha256 = {};  // lower-case hex
};

const std::vector<ModelRepository>& model_repositories();
// `name` must be one of model_repositories().
const ModelRepository& model_repository(std::string_view name);

// In order of preference within a folder.
const std::vector<ModelSource>& model_sources();
// Those of one folder, by ComfyUI's word for it (`text_encoders`).
std::vector<ModelSource> official_files(std::string_view folder);

// What `zanime fetch` gets: the defaults in this quantization, and the all-in-one if asked for.
std::vector<ModelSource> sources_to_fetch(Quantization quantization, bool all_in_one);

// The command that gets the file, without `--models-root`; "" for what is only recognised.
std::string fetch_command_for(const ModelSource& source);

}  // namespace zanime::fetch
