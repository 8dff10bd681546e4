#include "engine/user_files.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <system_error>

#include "base/environment.h"
#include "base/error.h"
#include "base/files/folders.h"
#include "base/text/letter_case.h"
#include "base/text/near_matches.h"
#include "base/text/quoted.h"

namespace zanime::engine {
namespace fs = std::filesystem;
namespace {

bool is_input(const std::string& folder) { return folder == "input" || folder == "input_latents"; }

bool is_of_kind(const fs::path& path, const std::string& folder) {
  static constexpr std::array<std::string_view, 9> kPictures{
      ".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff", ".avif"};
  const std::string extension = text::lower_case(path.extension().string());
  if (folder == "input_latents") return extension == ".latent";
  return std::find(kPictures.begin(), kPictures.end(), extension) != kPictures.end();
}

// Names of the files of this kind that lie directly in `place`, sorted.
std::vector<std::string> files_in(const fs::path& place, const std::string& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator entry(place, error), end; !error && entry != end;
       entry.increment(error)) {
    std::error_code ignored;
    if (entry->is_regular_file(ignored) && is_of_kind(entry->path(), folder)) {
      names.push_back(entry->path().filename().string());
    }
  }
  std::sort(names.begin(), names.end());
  return names;
}

// Takes off the editor's mark of the folder. Throws for marks of folders that are not there.
std::string without_mark(const std::string& name) {
  for (const std::string_view mark : {" [output]", " [temp]"}) {
    if (!name.ends_with(mark)) continue;
    throw Error(ErrorKind::kFile, text::quoted(name) +
                                      " lies in a folder of the editor's; put a "
                                      "copy into the input folder and name that");
  }
  constexpr std::string_view kInputMark = " [input]";
  return name.ends_with(kInputMark) ? name.substr(0, name.size() - kInputMark.size()) : name;
}

}  // namespace

fs::path UserFiles::default_input_folder(const fs::path& models_root) {
  if (const std::string chosen = environment_variable("ZANIME_INPUT_DIR"); !chosen.empty()) {
    return chosen;
  }
  std::error_code error;
  const fs::path beside = files::plain_folder(models_root).parent_path() / "input";
  return fs::is_directory(beside, error) ? beside : fs::path(".");
}

std::string UserFiles::add_picture(const fs::path& path) {
  std::error_code error;
  const auto normal = [&](const fs::path& any) {
    return fs::absolute(any, error).lexically_normal();
  };
  const fs::path inside = normal(path).lexically_relative(normal(input_folder_));
  if (!inside.empty() && *inside.begin() != "..") return inside.generic_string();

  // Not the name of another picture in the input folder: made again, the graph would find that one.
  const auto is_free = [&](const std::string& name) {
    if (const auto found = added_.find(name); found != added_.end()) return found->second == path;
    const fs::path there = input_folder_ / name;
    return !fs::exists(there, error) || fs::equivalent(there, path, error);
  };
  std::string name = path.filename().string();
  for (int i = 2; !is_free(name); ++i) {
    name = path.stem().string() + "_" + std::to_string(i) + path.extension().string();
  }
  added_[name] = path;
  return name;
}

fs::path UserFiles::locate_picture(const std::string& path_or_name, const std::string& what) const {
  const fs::path path(path_or_name);
  std::error_code error;
  if (fs::is_regular_file(path, error)) return path;
  if (fs::is_directory(path, error)) {
    throw Error(ErrorKind::kFile,
                what + " " + text::quoted(path_or_name) + " is a folder; name a picture in it");
  }
  if (fs::path found = find_input(path_or_name); !found.empty()) return found;

  const std::vector<std::string> beside =
      files_in(path.has_parent_path() ? path.parent_path() : fs::path("."), "input");
  std::vector<std::string> near;
  for (const std::string& name : text::near_matches(path.filename().string(), beside)) {
    near.push_back((path.parent_path() / name).string());
  }
  if (near.empty()) near = text::near_matches(path_or_name, list("input"));
  throw Error(ErrorKind::kFile,
              what + " " + text::quoted(path_or_name) +
                  " is neither a file nor a name in the input folder " +
                  fs::absolute(input_folder_, error).lexically_normal().string() +
                  (near.empty() ? "" : "; did you mean " + text::list_names(near, "or") + "?"));
}

std::vector<std::string> UserFiles::list(const std::string& folder) const {
  if (!is_input(folder)) return models_.list(folder);
  return files_in(input_folder_, folder);
}

fs::path UserFiles::find_input(const std::string& name) const {
  if (const auto found = added_.find(name); found != added_.end()) return found->second;

  const fs::path relative(without_mark(name));
  if (!files::stays_inside(relative)) return {};
  std::error_code error;
  if (fs::is_regular_file(input_folder_ / relative, error)) return input_folder_ / relative;
  for (const fs::path& folder : more_folders_) {
    if (fs::is_regular_file(folder / relative, error)) return folder / relative;
  }
  return {};
}

fs::path UserFiles::find(const std::string& folder, const std::string& name) const {
  if (!is_input(folder)) return models_.find(folder, name);
  if (fs::path found = find_input(name); !found.empty()) return found;
  std::error_code error;
  const std::vector<std::string> names = list(folder);
  const std::vector<std::string> near = text::near_matches(name, names);
  std::string message = text::quoted(name) + " is not in the input folder " +
                        fs::absolute(input_folder_, error).lexically_normal().string();
  message += near.empty() ? "." : "; did you mean " + text::list_names(near, "or") + "?";
  throw Error(ErrorKind::kFile,
              message +
                  " Put the file there, or name its folder with --input-dir DIR or "
                  "ZANIME_INPUT_DIR");
}

}  // namespace zanime::engine
