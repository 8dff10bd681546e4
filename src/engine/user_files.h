// Every file that a graph may name: those of the models root and those of the input folder.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/models_root.h"

namespace zanime {

class UserFiles : public nodes::ModelFiles {
 public:
  // `models` must outlive this.
  UserFiles(const ModelsRoot& models, std::filesystem::path input_folder)
      : models_(models), input_folder_(std::move(input_folder)) {}

  // Of pictures to load: ZANIME_INPUT_DIR; else `input` beside the models root if that exists (as
  // in ComfyUI); else the current folder. An explicit choice (`--input-dir`) goes before all.
  static std::filesystem::path default_input_folder(const std::filesystem::path& models_root);

  const std::filesystem::path& input_folder() const { return input_folder_; }

  // Makes a picture from anywhere one of the input pictures, and returns the name that stands for
  // it in a graph: its file name, with a number before the extension if that is taken.
  std::string add_picture(const std::filesystem::path& path);

  // What lies directly in the input folder; the rest as ModelsRoot.
  std::vector<std::string> list(const std::string& folder) const override;
  // Names of input files may lead to subfolders and may end in " [input]", as the editor writes
  // them.
  std::filesystem::path find(const std::string& folder, const std::string& name) const override;

 private:
  const ModelsRoot& models_;
  std::filesystem::path input_folder_;
  std::map<std::string, std::filesystem::path> added_;
};

}  // namespace zanime
