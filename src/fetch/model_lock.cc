#include "fetch/model_lock.h"

#include <fstream>
#include <span>
#include <system_error>

#include <nlohmann/json.hpp>

#include "base/files/atomic_file.h"
#include "base/log.h"
#include "fetch/hub.h"
#include "fetch/sha256.h"

namespace zanime::fetch {
namespace fs = std::filesystem;
namespace {

constexpr int kVersion = 1;

LockedFile parse(const nlohmann::json& object) {
  LockedFile file;
  file.repository = object.at("repository").get<std::string>();
  file.commit = object.at("commit").get<std::string>();
  file.path = object.at("path").get<std::string>();
  file.bytes = object.at("bytes").get<int64_t>();
  file.sha256 = object.at("sha256").get<std::string>();
  if (!is_commit(file.commit) || !is_sha256_text(file.sha256) || file.bytes <= 0) {
    throw std::invalid_argument("a commit, hash or length in it is none");
  }
  return file;
}

}  // namespace

ModelLock ModelLock::load(const fs::path& root) {
  ModelLock lock;
  const fs::path path = root / kFileName;
  std::error_code error;
  if (!fs::exists(path, error)) return lock;
  constexpr uintmax_t kMostBytes = 16 << 20;
  try {
    if (!fs::is_regular_file(path, error) || fs::file_size(path, error) > kMostBytes || error) {
      throw std::invalid_argument("it is no file of a few kilobytes");
    }
    std::ifstream stream(path, std::ios::binary);
    const nlohmann::json document = nlohmann::json::parse(stream);
    if (document.at("version").get<int>() != kVersion) {
      throw std::invalid_argument("another version of zanime wrote it");
    }
    for (const auto& [name, object] : document.at("files").items()) {
      lock.files_[name] = parse(object);
    }
  } catch (const std::exception& problem) {
    log_warning(path.string() + " is damaged and not used; fetching files writes it anew");
    log_debug(problem.what());
    lock.files_.clear();
  }
  return lock;
}

std::optional<LockedFile> ModelLock::find(const std::string& file) const {
  const auto found = files_.find(file);
  if (found == files_.end()) return std::nullopt;
  return found->second;
}

void ModelLock::save(const fs::path& root) const {
  nlohmann::ordered_json files = nlohmann::ordered_json::object();
  for (const auto& [name, file] : files_) {
    files[name] = {{"repository", file.repository},
                   {"commit", file.commit},
                   {"path", file.path},
                   {"bytes", file.bytes},
                   {"sha256", file.sha256}};
  }
  const nlohmann::ordered_json document = {{"version", kVersion}, {"files", std::move(files)}};
  const std::string text = document.dump(2) + "\n";
  files::AtomicFile out(root / kFileName, text.size());
  out.write_at(0, std::as_bytes(std::span(text)));
  out.commit();
}

}  // namespace zanime::fetch
