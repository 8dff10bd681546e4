// The folder with the user's model files, laid out as ComfyUI's.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/extra_model_paths.h"
#include "nodes/node_context.h"

namespace zanime::engine {

class ModelsRoot : public nodes::ModelFiles {
 public:
  // What is not below `root` or in the `extra` folders is looked for below `builtin`, a folder of
  // the same layout, if given.
  explicit ModelsRoot(std::filesystem::path root, std::filesystem::path builtin = {},
                      std::vector<ExtraFolder> extra = {})
      : root_(std::move(root)), builtin_(std::move(builtin)), extra_(std::move(extra)) {}
  // ZANIME_MODELS_ROOT; else ComfyUI/models under the current folder if that exists; else the
  // user's data folder (XDG_DATA_HOME or ~/.local/share) + zanime/models. An explicit choice
  // (`--models-root`) goes before all.
  static std::filesystem::path default_path();

  const std::filesystem::path& path() const { return root_; }
  const std::filesystem::path& builtin_folder() const { return builtin_; }

  // Folders go by ComfyUI's words; `unet` stands for diffusion_models and `clip` for
  // text_encoders, in the request and on the disk. Subfolders are searched. Of a
  // model in pieces only the first is listed, of a Diffusers folder its name. A name is found in
  // any Unicode form and with either slash.
  std::vector<std::string> list(const std::string& folder) const override;
  std::filesystem::path find(const std::string& folder, const std::string& name) const override;

  // The file to use when a request names none: the official name if present, else the only file
  // there. Throws Error(kFile) otherwise. Built-in files are never chosen here.
  std::string choose(const std::string& folder) const;
  // The folders that are looked through for a kind of model, in this order, built-in ones not
  // among them. They need not exist.
  std::vector<std::filesystem::path> places(const std::string& folder) const;
  // Of one of these, the names of the files in it, sorted.
  static std::vector<std::string> names_in(const std::filesystem::path& place);

  // Whether the folders themselves hold a model file; built-in ones do not count.
  bool has_any(const std::string& folder) const;

  // Text encoders found in only one of text_encoders/ and clip/ appear in the other too, by hard
  // link, else by copy (written beside and renamed). Returns what was made. A folder that cannot
  // be written is left as it is.
  std::vector<std::filesystem::path> mirror_text_encoders() const;

 private:
  std::filesystem::path root_;
  std::filesystem::path builtin_;
  std::vector<ExtraFolder> extra_;
};

}  // namespace zanime::engine
