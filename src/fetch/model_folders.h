// The folders of a models root, by ComfyUI's words.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

namespace zanime::fetch {

// One kind of model file and where it may lie.
struct ModelFolder {
  std::string_view name;  // ComfyUI's word today: what is new goes there
  // All folders that are searched, `name` first: `unet` stands for diffusion_models, `clip` for
  // text_encoders.
  std::vector<std::string_view> folders;
  std::string_view option;  // of `zanime generate`, which chooses such a file; may be empty
};

const std::vector<ModelFolder>& model_folders();

// The kind that a folder's name stands for, whichever of its names that is. Throws Error(kInternal)
// for other names.
const ModelFolder& model_folder(std::string_view name);

// The file `name` directly below one of the folders of that kind.
std::optional<std::filesystem::path> find_in_model_folder(const std::filesystem::path& root,
                                                          std::string_view folder,
                                                          const std::filesystem::path& name);

}  // namespace zanime::fetch
