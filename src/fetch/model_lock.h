// `zanime-models.json` in the models root: which version of each official file was fetched.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace zanime::fetch {

struct LockedFile {
  std::string repository;
  std::string commit;  // full hash
  std::string path;    // in the repository
  int64_t bytes = 0;
  std::string sha256;  // lower-case hex

  bool operator==(const LockedFile&) const = default;
};

class ModelLock {
 public:
  static constexpr const char* kFileName = "zanime-models.json";

  // Of a models root; empty when there is none. One that cannot be understood is told of (warning)
  // and counts as empty.
  static ModelLock load(const std::filesystem::path& root);

  // `file` is FOLDER/NAME below the models root.
  std::optional<LockedFile> find(const std::string& file) const;
  void record(const std::string& file, LockedFile entry) { files_[file] = std::move(entry); }
  // Written beside and renamed. Throws Error(kResource).
  void save(const std::filesystem::path& root) const;

 private:
  std::map<std::string, LockedFile> files_;
};

}  // namespace zanime::fetch
