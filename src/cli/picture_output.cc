#include "cli/picture_output.h"

#include <algorithm>
#include <optional>
#include <system_error>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "engine/latent_file.h"
#include "pictures/name_words.h"
#include "pictures/picture_file.h"

namespace zanime::cli {
namespace fs = std::filesystem;
namespace {

std::string lower(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  return text;
}

// By doing it: permissions, quotas and read-only file systems all show. Nothing remains.
void check_writable(const fs::path& file) { files::AtomicFile probe(file); }

}  // namespace

fs::path checked_picture_file(const fs::path& asked, const std::string& what) {
  fs::path file = asked;
  std::error_code error;
  if (fs::is_directory(file, error)) {
    throw Error(ErrorKind::kUsage, what + " " + file.string() + " is a folder; name a file in it");
  }
  // A device such as /dev/null takes the bytes as they are.
  const bool is_special = fs::exists(file, error) && !fs::is_regular_file(file, error);
  if (!is_special) {
    const auto refuse_missing = [&](const fs::path& folder) {
      throw Error(ErrorKind::kFile, what + " folder " + folder.string() +
                                        " does not exist; make it first: mkdir -p '" +
                                        folder.string() + "'");
    };
    if (!file.has_filename()) refuse_missing(asked);
    const std::string extension = file.extension().string();
    if (extension.empty()) {
      file += ".png";
    } else if (lower(extension) != ".png") {
      throw Error(ErrorKind::kUsage, what + " " + asked.string() + " ends in " + extension +
                                         ", but pictures are written as PNG; name it " +
                                         fs::path(asked).replace_extension(".png").string());
    }
    const fs::path parent = file.has_parent_path() ? file.parent_path() : fs::path(".");
    if (!fs::is_directory(parent, error)) refuse_missing(parent);
    if (fs::is_directory(file, error)) {
      throw Error(ErrorKind::kUsage, what + " " + file.string() + " is a folder");
    }
  }
  check_writable(file);
  return file;
}

PictureOutput::PictureOutput(const fs::path& asked) {
  std::error_code error;
  if (asked.empty() || fs::is_directory(asked, error)) {
    folder_ = asked.empty() ? fs::path(".") : asked;
    check_writable(folder_ / "zanime.png");
    return;
  }
  file_ = checked_picture_file(asked, "the output");
}

fs::path PictureOutput::name_for(size_t number, int index) const {
  const std::string name =
      pictures::fill_in_words(file_.filename().string(), [&](const std::string& word) {
        return word == "batch_num" ? std::optional(std::to_string(index)) : std::nullopt;
      });
  if (name != file_.filename().string()) {
    // The same place in another batch gets the usual number.
    const fs::path path = file_.parent_path() / name;
    if (std::find(written_.begin(), written_.end(), path) == written_.end()) return path;
  }
  if (expected_ == 1 && number == 1) return file_;
  return file_.parent_path() / (fs::path(name).stem().string() + "_" + std::to_string(number) +
                                file_.extension().string());
}

bool PictureOutput::writes(const fs::path& file) const {
  if (file_.empty() || file.empty()) return false;
  std::error_code error;
  const auto whole = [&](const fs::path& path) {
    return fs::weakly_canonical(fs::absolute(path), error);
  };
  for (int64_t i = 0; i < expected_; ++i) {
    const fs::path name = name_for(static_cast<size_t>(i) + 1, static_cast<int>(i));
    if (whole(name) == whole(file)) return true;
  }
  return false;
}

void PictureOutput::write(const engine::EnginePicture& picture) {
  const pictures::PictureMetadata metadata{picture.graph, picture.parameters};
  if (file_.empty()) {
    written_.push_back(pictures::save_numbered_picture(folder_, picture.filename_prefix,
                                                       picture.pixels, metadata, picture.index));
    return;
  }
  const fs::path path = name_for(written_.size() + 1, picture.index);
  pictures::write_picture(path, picture.pixels, metadata);
  written_.push_back(path);
}

void PictureOutput::write(const engine::EngineLatent& latent) {
  const fs::path beside = file_.has_parent_path() ? file_.parent_path() : fs::path(".");
  written_latents_.push_back(engine::save_numbered_latent(
      file_.empty() ? folder_ : beside, latent.filename_prefix, latent.samples, latent.graph));
}

}  // namespace zanime::cli
