#include "cli/picture_output.h"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <system_error>

#include <unistd.h>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "engine/latent_file.h"
#include "pictures/name_words.h"
#include "pictures/picture_file.h"
#include "pictures/picture_name.h"

namespace zanime::cli {
namespace fs = std::filesystem;
namespace {

// By doing it: permissions, quotas and read-only file systems all show. Nothing remains.
void check_writable(const fs::path& file) { files::AtomicFile probe(file); }

bool is_standard_output(const fs::path& asked) {
  return asked == "-" || asked == "/dev/stdout" || asked == "/dev/fd/1" ||
         asked == "/proc/self/fd/1";
}

void write_all(int fd, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::write(fd, bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      throw Error(ErrorKind::kResource,
                  std::string("standard output: writing failed: ") + std::strerror(errno));
    }
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
}

// Through links and other ways to write one name.
bool are_one_file(const fs::path& a, const fs::path& b) {
  std::error_code error;
  return a == b || fs::weakly_canonical(a, error) == fs::weakly_canonical(b, error);
}

// a.png and 2: a_2.png
fs::path with_number(const fs::path& file, int64_t number) {
  return file.parent_path() /
         (file.stem().string() + "_" + std::to_string(number) + file.extension().string());
}

// Whether a name is these two with a number between them.
bool has_number_between(const std::string& name, const std::string& start, const std::string& end) {
  if (!name.starts_with(start) || !name.ends_with(end)) return false;
  if (name.size() <= start.size() + end.size()) return false;
  return std::all_of(name.begin() + static_cast<std::ptrdiff_t>(start.size()),
                     name.end() - static_cast<std::ptrdiff_t>(end.size()),
                     [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

void refuse_same_file(const fs::path& grid, const fs::path& preview) {
  if (grid.empty() || preview.empty() || !are_one_file(grid, preview)) return;
  throw Error(ErrorKind::kUsage, "the grid and the preview are one file, " + grid.string() +
                                     "; give one another name");
}

void add_packing_options(CLI::App& command, PackingOptions& options, const std::string& group) {
  CLI::Option* quality = command.add_option("--quality", options.quality,
                                            "Of a WebP or JPEG that -o names (90 unless given)");
  quality->check(CLI::Range(1, 100));
  CLI::Option* lossless =
      command.add_flag("--lossless", options.lossless, "Write the WebP that -o names without loss");
  if (group.empty()) return;
  quality->group(group);
  lossless->group(group);
}

pictures::PictureEncoding encoding_for(const fs::path& file, const PackingOptions& options) {
  pictures::PictureEncoding encoding;
  encoding.format = pictures::format_of_name(file).value_or(pictures::PictureFormat::kPng);
  if (options.lossless && encoding.format != pictures::PictureFormat::kWebp) {
    throw Error(ErrorKind::kUsage,
                "--lossless is for a WebP; name one (-o picture.webp), or leave it out: a PNG is "
                "lossless, a JPEG never is");
  }
  if (options.quality && (options.lossless || encoding.format == pictures::PictureFormat::kPng)) {
    throw Error(ErrorKind::kUsage,
                "--quality is for a picture that loses something; name a WebP or a JPEG "
                "(-o picture.webp) without --lossless");
  }
  encoding.lossless = options.lossless;
  encoding.quality = options.quality.value_or(encoding.quality);
  return encoding;
}

fs::path checked_picture_file(const fs::path& asked, const std::string& what) {
  fs::path file = asked;
  std::error_code error;
  if (fs::is_directory(file, error)) {
    throw Error(ErrorKind::kUsage, what + " " + file.string() + " is a folder; name a file in it");
  }
  if (fs::is_fifo(file, error)) {
    throw Error(ErrorKind::kUsage, what + " " + file.string() +
                                       " is a pipe; write to -o /dev/stdout and send that on");
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
    } else if (!pictures::format_of_name(file)) {
      throw Error(ErrorKind::kUsage,
                  what + " " + asked.string() + " ends in " + extension +
                      ", but pictures are written as PNG, WebP or JPEG; name it " +
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

PictureOutput::PictureOutput(const fs::path& asked, const PackingOptions& packing) {
  std::error_code error;
  if (asked.empty() || fs::is_directory(asked, error)) {
    folder_ = asked.empty() ? fs::path(".") : asked;
    encoding_for({}, packing);  // numbered pictures are PNG
    check_writable(folder_ / "zanime.png");
    return;
  }
  encoding_ = encoding_for(asked, packing);
  if (is_standard_output(asked)) {
    standard_output_ = files::FileDescriptor(dup(STDOUT_FILENO));
    if (!standard_output_.is_open() || dup2(STDERR_FILENO, STDOUT_FILENO) < 0) {
      throw Error(ErrorKind::kResource, "standard output cannot be written to");
    }
    file_ = asked;
    return;
  }
  file_ = checked_picture_file(asked, "the output");
}

fs::path PictureOutput::batch_name(int64_t index) const {
  const std::string name =
      pictures::fill_in_words(file_.filename().string(), [&](const std::string& word) {
        return word == "batch_num" ? std::optional(std::to_string(index)) : std::nullopt;
      });
  return file_.parent_path() / name;
}

fs::path PictureOutput::numbered_name(const engine::EnginePicture& picture) const {
  const fs::path path = batch_name(picture.index);
  const auto number = static_cast<int64_t>(written_.size()) + 1;
  // The same place in another batch gets the usual number.
  if (path != file_) {
    const bool is_taken = std::find(written_.begin(), written_.end(), path) != written_.end();
    return is_taken ? with_number(path, number) : path;
  }
  return expected_ == 1 && written_.empty() ? file_ : with_number(file_, number);
}

void PictureOutput::refuse_collision(const fs::path& file, const std::string& what) const {
  if (file.empty() || standard_output_.is_open()) return;
  const auto refuse = [&] {
    throw Error(ErrorKind::kUsage, what + " " + file.string() +
                                       " has the name of a picture of this run; give it another");
  };
  const fs::path folder = file.has_parent_path() ? file.parent_path() : fs::path(".");
  const std::string name = file.filename().string();
  if (file_.empty()) {
    // As generate() numbers its pictures; a workflow's prefix is known when it has run.
    if (has_number_between(name, "zanime_", "_.png") && are_one_file(folder, folder_)) refuse();
    return;
  }
  const fs::path beside = file_.has_parent_path() ? file_.parent_path() : fs::path(".");
  if (!are_one_file(folder, beside)) return;
  const std::string ending = file_.extension().string();
  for (int64_t i = 0; i < expected_; ++i) {
    const fs::path batch = batch_name(i);
    if (name == batch.filename() || has_number_between(name, batch.stem().string() + "_", ending)) {
      refuse();
    }
    if (batch == file_) break;
  }
}

void PictureOutput::write(const engine::EnginePicture& picture) {
  const pictures::PictureMetadata metadata{picture.graph, picture.parameters};
  if (file_.empty()) {
    written_.push_back(pictures::save_numbered_picture(folder_, picture.filename_prefix,
                                                       picture.pixels, metadata, picture.index));
    return;
  }
  if (standard_output_.is_open()) {
    if (!written_.empty()) {
      throw Error(ErrorKind::kUsage,
                  "standard output takes a single picture, and there are more; name a file");
    }
    write_all(standard_output_.get(),
              pictures::encode_picture(picture.pixels, metadata, encoding_));
    written_.push_back(file_);
    return;
  }
  const fs::path path = numbered_name(picture);
  pictures::write_picture(path, picture.pixels, metadata, encoding_);
  written_.push_back(path);
}

fs::path PictureOutput::numbered_folder() const {
  if (file_.empty()) return folder_;
  return file_.has_parent_path() ? file_.parent_path() : fs::path(".");
}

void PictureOutput::write(const engine::EngineLatent& latent) {
  written_latents_.push_back(engine::save_numbered_latent(numbered_folder(), latent.filename_prefix,
                                                          latent.samples, latent.graph));
}

void PictureOutput::write(const nodes::FileToSave& file) {
  written_others_.push_back(pictures::save_numbered(numbered_folder(), file.prefix,
                                                    {.width = file.width, .height = file.height},
                                                    file.extension, file.write));
}

}  // namespace zanime::cli
