// Every file that a graph may name: those of the models root and those of the input folder.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "engine/models_root.h"

namespace zanime::engine {

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
  // it in a graph: the one it has in the input folder if it lies there, else its file name, with a
  // number before the extension if that is another picture's. Never its path: pictures get around.
  std::string add_picture(const std::filesystem::path& path);
  // Of those that were added: the names are free again.
  void forget_pictures() { added_.clear(); }

  // A folder to look through for input files that are not in the input folder.
  void also_search(const std::filesystem::path& folder) { more_folders_.push_back(folder); }

  // A picture that a person named by its path, or by its name in the input folder. `what` calls it
  // in errors: "the init image". Throws Error(kFile) with near names.
  std::filesystem::path locate_picture(const std::string& path_or_name,
                                       const std::string& what) const;

  // What lies directly in the input folder; the rest as ModelsRoot.
  std::vector<std::string> list(const std::string& folder) const override;
  // Names of input files may lead to subfolders and may end in " [input]", as the editor writes
  // them.
  std::filesystem::path find(const std::string& folder, const std::string& name) const override;

 private:
  std::filesystem::path find_input(const std::string& name) const;

  const ModelsRoot& models_;
  std::filesystem::path input_folder_;
  std::vector<std::filesystem::path> more_folders_;
  std::map<std::string, std::filesystem::path> added_;
};

}  // namespace zanime::engine
