#include "fetch/model_sources.h"

#include "base/error.h"

namespace zanime::fetch {
namespace {

constexpr std::string_view kZAnime = "SeeSee21/Z-Anime";
constexpr std::string_view kComfy = "Comfy-Org/z_image_turbo";

}  // namespace

const std::map<std::string, Quantization>& quantizations() {
  static const std::map<std::string, Quantization> kNames{{"fp8", Quantization::kFp8},
                                                          {"bf16", Quantization::kBf16}};
  return kNames;
}

const std::vector<ModelRepository>& model_repositories() {
  static const std::vector<ModelRepository> kRepositories{
      {kZAnime, "0f5fb51464638a2f7328a1d74590281e63e1fde2", "Apache-2.0"},
      {kComfy, "2f862278568d3f0a83167a16e5f11094da6dee72",
       "none stated; made from Apache-2.0 works"},
  };
  return kRepositories;
}

const ModelRepository& model_repository(std::string_view name) {
  for (const ModelRepository& repository : model_repositories()) {
    if (repository.name == name) return repository;
  }
  throw Error(ErrorKind::kInternal, "no model comes from the repository " + std::string(name));
}

const std::vector<ModelSource>& model_sources() {
  using enum Quantization;
  using enum SourceRole;
  static const std::vector<ModelSource> kSources{
      {"diffusion_models", "z-anime-distill-8step-fp8.safetensors", kZAnime,
       "diffusion_models/z-anime-distill-8step-fp8.safetensors", kFp8, kDefault, 6'154'968'720,
       "287b8474ffb15e361dbde51da5bce2770fcf038a144b5ad92083d217d549cb31"},
      {"diffusion_models", "z-anime-distill-8step-bf16.safetensors", kZAnime,
       "diffusion_models/z-anime-distill-8step-bf16.safetensors", kBf16, kDefault},
      {"text_encoders", "qwen_3_4b-fp8.safetensors", kZAnime,
       "text_encoder/qwen_3_4b-fp8.safetensors", kFp8, kDefault, 4'022'515'040,
       "38a245fc197f16c4025467ef46dce247d076af8f013bb8b1617013beea46d0e4"},
      {"text_encoders", "qwen_3_4b-bf16.safetensors", kZAnime,
       "text_encoder/qwen_3_4b-bf16.safetensors", kBf16, kDefault},
      {"text_encoders", "qwen_3_4b.safetensors", kComfy,
       "split_files/text_encoders/qwen_3_4b.safetensors", kBf16, kRecognised, 8'044'982'048,
       "6c671498573ac2f7a5501502ccce8d2b08ea6ca2f661c458e708f36b36edfc5a"},
      {"vae", "ae.safetensors", kComfy, "split_files/vae/ae.safetensors", kAny, kDefault,
       335'304'388, "afc8e28272cd15db3919bacdb6918ce9c1ed22e96cb12c4d5ed0fba823529e38"},
      {"checkpoints", "z-anime-distill-8step-aio-fp8.safetensors", kZAnime,
       "aio/z-anime-distill-8step-aio-fp8.safetensors", kFp8, kAllInOne, 0,
       "a342f2651ae36f905de8cc4b110daf0120f0a2ab38ab1ca79d50bca61b61eb60"},
      {"checkpoints", "z-anime-distill-8step-aio-bf16.safetensors", kZAnime,
       "aio/z-anime-distill-8step-aio-bf16.safetensors", kBf16, kAllInOne},
  };
  return kSources;
}

std::vector<ModelSource> official_files(std::string_view folder) {
  std::vector<ModelSource> files;
  for (const ModelSource& source : model_sources()) {
    if (source.folder == folder) files.push_back(source);
  }
  return files;
}

std::vector<ModelSource> sources_to_fetch(Quantization quantization, bool all_in_one) {
  std::vector<ModelSource> files;
  for (const ModelSource& source : model_sources()) {
    const bool fits =
        source.quantization == quantization || source.quantization == Quantization::kAny;
    const bool wanted =
        source.role == SourceRole::kDefault || (source.role == SourceRole::kAllInOne && all_in_one);
    if (fits && wanted) files.push_back(source);
  }
  return files;
}

std::string fetch_command_for(const ModelSource& source) {
  if (source.role == SourceRole::kRecognised) return "";
  std::string command = "zanime fetch";
  if (source.quantization == Quantization::kBf16) command += " --quant bf16";
  if (source.role == SourceRole::kAllInOne) command += " --with aio";
  return command;
}

}  // namespace zanime::fetch
