#include "engine/extra_model_paths.h"

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <iterator>
#include <system_error>
#include <utility>

#include <yaml-cpp/yaml.h>

#include "base/environment.h"
#include "base/error.h"
#include "base/files/folders.h"
#include "base/text/quoted.h"

namespace zanime::engine {
namespace fs = std::filesystem;
namespace {

constexpr size_t kMostBytes = 1 << 20;
constexpr size_t kMostFolders = 1000;
// More brackets than this are no list of folders; yaml-cpp calls itself for each.
constexpr ptrdiff_t kMostBrackets = 200;

[[noreturn]] void fail(const fs::path& file, const YAML::Mark& mark, const std::string& what) {
  const std::string line = mark.is_null() ? "" : ", line " + std::to_string(mark.line + 1);
  throw Error(ErrorKind::kFile, file.string() + line + ": " + what);
}

std::string read_whole(const fs::path& file) {
  std::error_code error;
  if (!fs::is_regular_file(file, error)) {
    throw Error(ErrorKind::kFile, file.string() +
                                      " is not a file; it should be ComfyUI's list of "
                                      "folders, extra_model_paths.yaml");
  }
  if (fs::file_size(file, error) > kMostBytes || error) {
    throw Error(ErrorKind::kFile, file.string() + " is larger than any list of folders (1 MB)");
  }
  std::ifstream stream(file, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  if (!stream) throw Error(ErrorKind::kFile, file.string() + " cannot be read");
  return text;
}

void check_brackets(const std::string& text, const fs::path& file) {
  const auto brackets =
      std::count_if(text.begin(), text.end(), [](char c) { return c == '[' || c == '{'; });
  if (brackets <= kMostBrackets) return;
  throw Error(ErrorKind::kFile, file.string() + " has more than " + std::to_string(kMostBrackets) +
                                    " brackets; folders are listed line by line");
}

// Of the form ~/models and $HOME/models.
fs::path expanded(const std::string& path) {
  const std::string home = environment_variable("HOME");
  if (home.empty()) return path;
  if (path == "~" || path.starts_with("~/")) return home + path.substr(1);
  for (const std::string variable : {"$HOME", "${HOME}"}) {
    if (path == variable || path.starts_with(variable + "/")) {
      return home + path.substr(variable.size());
    }
  }
  return path;
}

class Reader {
 public:
  explicit Reader(const fs::path& file) : file_(file) {}

  std::vector<ExtraFolder> read(const std::string& text) {
    YAML::Node root;
    try {
      root = YAML::Load(text);
    } catch (const YAML::Exception& error) {
      fail(file_, error.mark, "this is not YAML: " + error.msg);
    }
    if (root.IsNull()) return {};
    if (!root.IsMap()) fail(file_, root.Mark(), "there must be sections, such as `comfyui:`");
    for (const auto& section : root) read_section(section.first, section.second);
    return std::move(folders_);
  }

 private:
  void read_section(const YAML::Node& name, const YAML::Node& section) {
    if (section.IsNull()) return;
    if (!section.IsMap()) {
      fail(file_, section.Mark(),
           "the section " + text::quoted(shown(name)) + " must list folders, as `loras: my/loras`");
    }
    fs::path base = file_.parent_path();
    bool is_default = false;
    for (const auto& entry : section) {
      const std::string key = shown(entry.first);
      if (key == "base_path") base /= expanded(scalar(entry.second, key));
      if (key == "is_default") is_default = truth(entry.second);
    }
    for (const auto& entry : section) {
      const std::string key = shown(entry.first);
      if (key == "base_path" || key == "is_default" || entry.second.IsNull()) continue;
      if (entry.second.IsSequence()) {
        for (const YAML::Node& folder : entry.second) {
          add(key, scalar(folder, key), base, is_default, folder);
        }
        continue;
      }
      // A block of text: a folder a line.
      const std::string lines = scalar(entry.second, key);
      for (size_t start = 0; start < lines.size();) {
        const size_t end = std::min(lines.find('\n', start), lines.size());
        add(key, lines.substr(start, end - start), base, is_default, entry.second);
        start = end + 1;
      }
    }
  }

  void add(const std::string& category, std::string path, const fs::path& base, bool is_default,
           const YAML::Node& node) {
    while (!path.empty() && (path.back() == ' ' || path.back() == '\r')) path.pop_back();
    if (path.empty()) return;
    if (path.find('\0') != std::string::npos) fail(file_, node.Mark(), "a path has a NUL in it");
    if (folders_.size() == kMostFolders) {
      fail(file_, node.Mark(), "there are more than " + std::to_string(kMostFolders) + " folders");
    }
    folders_.push_back({category, (base / expanded(path)).lexically_normal(), is_default});
  }

  static std::string shown(const YAML::Node& node) { return node.IsScalar() ? node.Scalar() : "?"; }

  std::string scalar(const YAML::Node& node, const std::string& key) const {
    if (!node.IsScalar()) {
      fail(file_, node.Mark(), text::quoted(key) + " must be a folder, or a list of folders");
    }
    return node.Scalar();
  }

  bool truth(const YAML::Node& node) const {
    bool value = false;
    if (!YAML::convert<bool>::decode(node, value)) {
      fail(file_, node.Mark(), "`is_default` must be true or false");
    }
    return value;
  }

  const fs::path& file_;
  std::vector<ExtraFolder> folders_;
};

}  // namespace

std::vector<ExtraFolder> read_extra_model_paths(const fs::path& file) {
  return parse_extra_model_paths(read_whole(file), file);
}

std::vector<ExtraFolder> parse_extra_model_paths(const std::string& text, const fs::path& file) {
  check_brackets(text, file);
  try {
    return Reader(file).read(text);
  } catch (const YAML::Exception& error) {
    fail(file, error.mark, error.msg);
  }
}

fs::path default_extra_model_paths(const fs::path& models_root) {
  std::error_code error;
  const fs::path beside = files::plain_folder(models_root).parent_path() / "extra_model_paths.yaml";
  return fs::is_regular_file(beside, error) ? beside : fs::path();
}

}  // namespace zanime::engine
