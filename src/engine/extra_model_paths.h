// ComfyUI's extra_model_paths.yaml: further folders with model files.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace zanime::engine {

// One folder of models, and what kind of them it holds.
struct ExtraFolder {
  std::string category;  // ComfyUI's word: "diffusion_models", "loras", …, or an older one
  std::filesystem::path folder;
  bool is_default = false;  // looked through before the models root
};

// What the file says, in its order. A section has a `base_path` (of which `~` is the user's folder
// and which, like all that is relative, counts from the file's own folder), `is_default`, and
// categories: a folder, several on lines of their own, or a list. Throws Error(kFile) for a file
// that cannot be read, is larger than 1 MB or not of that form, saying at which line.
std::vector<ExtraFolder> read_extra_model_paths(const std::filesystem::path& file);
// The same of its text; `file` says where it lies.
std::vector<ExtraFolder> parse_extra_model_paths(const std::string& text,
                                                 const std::filesystem::path& file);

// The one that ComfyUI would read: beside the folder `models`. Empty where there is none.
std::filesystem::path default_extra_model_paths(const std::filesystem::path& models_root);

}  // namespace zanime::engine
