#include "engine/models_root.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>
#include <set>
#include <string_view>
#include <system_error>

#include <unistd.h>

#include "base/environment.h"
#include "base/error.h"
#include "base/files/folders.h"
#include "base/log.h"
#include "base/text/near_matches.h"
#include "base/text/quoted.h"
#include "checkpoints/split_model.h"
#include "fetch/model_folders.h"
#include "fetch/model_sources.h"
#include "models/tokenizer_text.h"
#include "nodes/input_value.h"

namespace zanime::engine {
namespace fs = std::filesystem;
namespace {

using fetch::model_folder;
using fetch::ModelFolder;

// Everything people keep their weights in; what cannot be read is told apart when it is opened.
bool is_model_file(const fs::path& path) {
  static constexpr std::array<std::string_view, 8> kExtensions{
      ".safetensors", ".sft", ".gguf", ".ckpt", ".pt", ".pth", ".bin", ".pkl"};
  std::string extension = path.extension().string();
  for (char& c : extension) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return !checkpoints::is_later_piece(path) &&
         std::find(kExtensions.begin(), kExtensions.end(), extension) != kExtensions.end();
}

// Names below `folder` with '/' between parts. `visited` keeps links from going in circles.
void collect(const fs::path& folder, const std::string& prefix, std::set<fs::path>& visited,
             std::set<std::string>& names) {
  std::error_code error;
  const fs::path real = fs::canonical(folder, error);
  if (error || !visited.insert(real).second) return;
  fs::directory_iterator entries(folder, fs::directory_options::skip_permission_denied, error);
  if (error) return;
  for (; entries != fs::directory_iterator(); entries.increment(error)) {
    if (error) return;
    const std::string name = entries->path().filename().string();
    if (name.starts_with(".")) continue;  // hidden, or a download under way
    std::error_code ignored;
    if (entries->is_directory(ignored) && checkpoints::is_diffusers_folder(entries->path())) {
      names.insert(prefix + name);
    } else if (entries->is_directory(ignored)) {
      collect(entries->path(), prefix + name + "/", visited, names);
    } else if (entries->is_regular_file(ignored) && is_model_file(entries->path())) {
      names.insert(prefix + name);
    }
  }
}

// Names of the model files below all these folders.
std::set<std::string> names_below(const std::vector<fs::path>& places) {
  std::set<std::string> names;
  for (const fs::path& place : places) {
    std::set<fs::path> visited;
    collect(place, "", visited, names);
  }
  return names;
}

std::vector<fs::path> folders_below(const fs::path& root, const ModelFolder& kind) {
  std::vector<fs::path> places;
  for (const std::string_view name : kind.folders) places.push_back(root / name);
  return places;
}

// The file `name` in one of the folders, or else the folder `name` of a model in Diffusers' form,
// or of one in pieces.
std::optional<fs::path> find_below(const std::vector<fs::path>& places, const std::string& name) {
  std::error_code ignored;
  for (const fs::path& place : places) {
    if (fs::path path = place / name; fs::is_regular_file(path, ignored)) return path;
  }
  for (const fs::path& place : places) {
    fs::path path = place / name;
    if (!name.empty() && fs::is_directory(path, ignored) && checkpoints::is_model_folder(path)) {
      return path;
    }
  }
  return std::nullopt;
}

// The same for names that are written alike: accents as one code point or as two, '/' or '\\'
// between folders.
std::string portable_name(const std::string& name) {
  std::string result = models::normalize_nfc(models::repair_utf8(name));
  std::replace(result.begin(), result.end(), '\\', '/');
  return result;
}

// What to run to get `name`, or the official file of the folder when `name` is not one.
std::string how_to_get(const ModelFolder& kind, const fs::path& root, const std::string& name) {
  const std::vector<fetch::ModelSource> official = fetch::official_files(kind.name);
  if (official.empty()) return "";
  const std::string where =
      root == ModelsRoot::default_path() ? "" : " --models-root '" + root.string() + "'";
  for (const fetch::ModelSource& file : official) {
    const std::string command = fetch::fetch_command_for(file);
    if (name == file.name && !command.empty()) return " Get it with: " + command + where;
  }
  return " The official file is " + std::string(official.front().name) +
         "; get it with: " + fetch::fetch_command_for(official.front()) + where;
}

std::string what_is_there(const std::vector<std::string>& names) {
  constexpr size_t kShown = 20;
  if (names.empty()) return "there are no model files in it";
  std::string text = "there are: ";
  for (size_t i = 0; i < names.size() && i < kShown; ++i) {
    text += (i > 0 ? ", " : "") + names[i];
  }
  if (names.size() > kShown) text += " and " + std::to_string(names.size() - kShown) + " more";
  return text;
}

// The file itself for a plain file, a link to the same target for a link.
void mirror_file(const fs::path& from, const fs::path& to) {
  fs::create_directories(to.parent_path());
  if (fs::is_symlink(from)) {
    fs::create_symlink(fs::canonical(from), to);
    return;
  }
  std::error_code error;
  fs::create_hard_link(from, to, error);
  if (!error || error == std::errc::file_exists) return;

  // Another file system: copy beside the place, then rename, so that no half file ever shows.
  const fs::path part =
      to.parent_path() / ("." + to.filename().string() + "." + std::to_string(getpid()) + ".part");
  try {
    fs::copy_file(from, part, fs::copy_options::overwrite_existing);
    fs::rename(part, to);
  } catch (...) {
    fs::remove(part, error);
    throw;
  }
}

}  // namespace

fs::path ModelsRoot::default_path() {
  if (const std::string chosen = environment_variable("ZANIME_MODELS_ROOT"); !chosen.empty()) {
    return chosen;
  }
  std::error_code error;
  if (const fs::path comfy = fs::path("ComfyUI") / "models"; fs::is_directory(comfy, error)) {
    return comfy;
  }
  return files::xdg_folder("XDG_DATA_HOME", fs::path(".local") / "share") / "zanime" / "models";
}

std::vector<fs::path> ModelsRoot::places(const std::string& folder) const {
  const ModelFolder& kind = model_folder(folder);
  std::vector<fs::path> places = folders_below(root_, kind);
  for (const ExtraFolder& extra : extra_) {
    if (std::find(kind.folders.begin(), kind.folders.end(), extra.category) == kind.folders.end()) {
      continue;
    }
    // As in ComfyUI: of several that go before all the last is the first.
    places.insert(extra.is_default ? places.begin() : places.end(), extra.folder);
  }
  return places;
}

std::vector<std::string> ModelsRoot::names_in(const fs::path& place) {
  const std::set<std::string> names = names_below({place});
  return {names.begin(), names.end()};
}

std::vector<std::string> ModelsRoot::list(const std::string& folder) const {
  std::set<std::string> names = names_below(places(folder));
  if (!builtin_.empty()) names.merge(names_below(folders_below(builtin_, model_folder(folder))));
  return {names.begin(), names.end()};
}

bool ModelsRoot::has_any(const std::string& folder) const {
  return !names_below(places(folder)).empty();
}

fs::path ModelsRoot::find(const std::string& folder, const std::string& name) const {
  const ModelFolder& kind = model_folder(folder);
  if (files::stays_inside(name)) {
    if (const auto path = find_below(places(folder), name)) return *path;
    if (!builtin_.empty()) {
      if (const auto path = find_below(folders_below(builtin_, kind), name)) return *path;
    }
  }
  const std::vector<std::string> names = list(folder);
  for (const std::string& other : names) {
    if (other != name && portable_name(other) == portable_name(name)) return find(folder, other);
  }
  const std::vector<std::string> near = text::near_matches(name, names);
  std::string message = text::quoted(name) + " is not in " + (root_ / kind.name).string() + "; " +
                        what_is_there(names) + ".";
  if (!near.empty()) message += " Did you mean " + text::list_names(near, "or") + "?";
  throw Error(ErrorKind::kFile, message + how_to_get(kind, root_, name));
}

std::string ModelsRoot::choose(const std::string& folder) const {
  const ModelFolder& kind = model_folder(folder);
  const std::set<std::string> present = names_below(places(folder));
  const std::vector<std::string> names(present.begin(), present.end());
  const std::vector<fetch::ModelSource> official = fetch::official_files(kind.name);
  for (const fetch::ModelSource& file : official) {
    if (present.contains(std::string(file.name))) return std::string(file.name);
  }
  if (names.size() == 1) return names.front();
  if (names.empty()) {
    throw Error(ErrorKind::kFile, "no model file in " + (root_ / kind.name).string() + "." +
                                      how_to_get(kind, root_, "") +
                                      " Models elsewhere are found with --models-root DIR or "
                                      "ZANIME_MODELS_ROOT.");
  }
  throw Error(ErrorKind::kFile,
              (root_ / kind.name).string() +
                  " holds several files and none of "
                  "them is " +
                  (official.empty() ? "official" : std::string(official.front().name)) +
                  "; choose one with " + std::string(kind.option) +
                  " NAME: " + what_is_there(names));
}

std::vector<fs::path> ModelsRoot::mirror_text_encoders() const {
  const fs::path folders[] = {root_ / "text_encoders", root_ / "clip"};
  std::set<std::string> names[2];
  for (int i = 0; i < 2; ++i) {
    std::set<fs::path> visited;
    collect(folders[i], "", visited, names[i]);
  }
  std::vector<fs::path> made;
  for (int i = 0; i < 2; ++i) {
    for (const std::string& name : names[i]) {
      const fs::path target = folders[1 - i] / name;
      if (names[1 - i].contains(name)) continue;
      try {
        mirror_file(folders[i] / name, target);
        made.push_back(target);
      } catch (const fs::filesystem_error& error) {
        // Both folders are searched anyway: the mirror is for other programs.
        log_debug("not mirrored: " + target.string() + ": " + error.code().message());
      }
    }
  }
  return made;
}

}  // namespace zanime::engine
