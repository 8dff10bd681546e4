#include "fetch/model_folders.h"

#include <algorithm>
#include <string>
#include <system_error>

#include "base/error.h"

namespace zanime::fetch {

const std::vector<ModelFolder>& model_folders() {
  static const std::vector<ModelFolder> kFolders{
      {"diffusion_models", {"diffusion_models", "unet"}, "--model"},
      {"text_encoders", {"text_encoders", "clip", "text_encoder"}, "--text-encoder"},
      {"vae", {"vae"}, "--vae"},
      {"checkpoints", {"checkpoints"}, ""},
      {"loras", {"loras"}, ""},
      {"model_patches", {"model_patches"}, "--control"},
      {"upscale_models", {"upscale_models"}, "--upscale"},
  };
  return kFolders;
}

const ModelFolder& model_folder(std::string_view name) {
  for (const ModelFolder& kind : model_folders()) {
    if (std::find(kind.folders.begin(), kind.folders.end(), name) != kind.folders.end()) {
      return kind;
    }
  }
  throw Error(ErrorKind::kInternal, "there is no folder of models called " + std::string(name));
}

std::optional<std::filesystem::path> find_in_model_folder(const std::filesystem::path& root,
                                                          std::string_view folder,
                                                          const std::filesystem::path& name) {
  for (const std::string_view candidate : model_folder(folder).folders) {
    std::error_code error;
    std::filesystem::path path = root / candidate / name;
    if (std::filesystem::is_regular_file(path, error)) return path;
  }
  return std::nullopt;
}

}  // namespace zanime::fetch
