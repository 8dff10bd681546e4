#include "pictures/picture_info.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <span>

#include "base/error.h"
#include "pictures/formats/picture_info_formats.h"
#include "pictures/picture_kind.h"
#include "pictures/picture_reader.h"

namespace zanime::pictures {
namespace {

constexpr uint64_t kMaxPictureBytes = 1u << 30;

// Of a format whose texts are not looked for.
PictureInfo info_of_pixels(std::string_view bytes, const std::string& name) {
  const Tensor pixels = read_picture(std::as_bytes(std::span(bytes)), name).pixels;
  return {.width = pixels.dim(2), .height = pixels.dim(1), .texts = {}};
}

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};

// The whole file, or only its first bytes where it does not begin as a picture does.
std::string read_picture_bytes(const std::filesystem::path& path) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found) {
    throw Error(ErrorKind::kFile, path.string() + ": there is no such file");
  }
  if (!std::filesystem::is_regular_file(status)) {
    throw Error(ErrorKind::kFile, path.string() + ": is " +
                                      (std::filesystem::is_directory(status)
                                           ? "a folder, not a picture"
                                           : "a device or a pipe, not a picture in a file"));
  }
  const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rb"));
  if (file == nullptr) {
    throw Error(ErrorKind::kFile, path.string() + ": cannot be opened: " + std::strerror(errno));
  }
  std::string bytes;
  std::array<char, 1 << 16> piece;
  while (const size_t count = std::fread(piece.data(), 1, piece.size(), file.get())) {
    bytes.append(piece.data(), count);
    if (!picture_kind(bytes)) break;
    if (bytes.size() > kMaxPictureBytes) {
      throw Error(ErrorKind::kFile, path.string() + ": is larger than any picture (1 GiB)");
    }
  }
  if (std::ferror(file.get()) != 0) {
    throw Error(ErrorKind::kFile, path.string() + ": cannot be read: " + std::strerror(errno));
  }
  return bytes;
}

}  // namespace

PictureInfo parse_picture_info(std::string_view bytes, const std::string& name) {
  const std::optional<PictureKind> kind = picture_kind(bytes);
  if (kind == PictureKind::kPng) return png_info(bytes, name);
  if (kind == PictureKind::kJpeg) return jpeg_info(bytes, name);
  if (kind == PictureKind::kWebp) return webp_info(bytes, name);
  if (kind) return info_of_pixels(bytes, name);
  std::string found = "another kind of file";
  if (bytes.empty()) found = "an empty file";
  if (is_png_sent_as_text(bytes)) found = "a PNG damaged by a transfer that changed its line ends";
  throw Error(ErrorKind::kFile, name + ": is " + found + ", not a picture");
}

PictureInfo read_picture_info(const std::filesystem::path& path) {
  return parse_picture_info(read_picture_bytes(path), path.string());
}

std::map<std::string, std::string> read_picture_text(const std::filesystem::path& path) {
  return read_picture_info(path).texts;
}

}  // namespace zanime::pictures
