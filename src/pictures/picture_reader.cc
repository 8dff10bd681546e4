#include "pictures/picture_reader.h"

#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "pictures/formats/picture_formats.h"
#include "pictures/picture_kind.h"

namespace zanime::pictures {
namespace fs = std::filesystem;
namespace {

// Above this no picture that check_picture_size accepts is stored.
constexpr uint64_t kMaxFileBytes = uint64_t{2} << 30;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

constexpr const char* kReadable = "PNG, JPEG, WebP, GIF, BMP, TIFF and AVIF";

DecodedPicture decode(std::span<const std::byte> file, const std::string& name) {
  if (file.empty()) throw Error(ErrorKind::kFile, name + ": this file is empty");
  const std::optional<PictureKind> kind = picture_kind(as_text(file));
  if (!kind) {
    throw Error(ErrorKind::kFile,
                name + ": this is not a picture that can be read; " + kReadable + " can");
  }
  switch (*kind) {
    case PictureKind::kPng:
      return decode_png(file, name);
    case PictureKind::kJpeg:
      return decode_jpeg(file, name);
    case PictureKind::kWebp:
      return decode_webp(file, name);
    case PictureKind::kGif:
      return decode_gif(file, name);
    case PictureKind::kBmp:
      return decode_bmp(file, name);
    case PictureKind::kTiff:
      return decode_tiff(file, name);
    case PictureKind::kAvif:
      return decode_avif(file, name);
    case PictureKind::kHeic:
    case PictureKind::kJpegXl:
    case PictureKind::kSvg:
      break;
  }
  throw Error(ErrorKind::kFile, name + ": this is " + std::string(picture_kind_name(*kind)) +
                                    "; only " + kReadable + " can be read: convert it to PNG");
}

// The eight orientations of EXIF: a picture mirrored left to right where so, upside down where so,
// after its rows have become its columns where so.
struct Turn {
  bool mirrored = false, upside_down = false, transposed = false;
};

Turn turn_for(int orientation) {
  switch (orientation) {
    case 2:
      return {true, false, false};
    case 3:
      return {true, true, false};
    case 4:
      return {false, true, false};
    case 5:
      return {false, false, true};
    case 6:
      return {true, false, true};
    case 7:
      return {true, true, true};
    case 8:
      return {false, true, true};
    default:
      return {};
  }
}

ReadPicture turned(const DecodedPicture& picture) {
  const Turn turn = turn_for(picture.orientation);
  const int64_t height = turn.transposed ? picture.width : picture.height;
  const int64_t width = turn.transposed ? picture.height : picture.width;
  const int64_t channels = picture.has_alpha ? 4 : 3;
  ReadPicture result;
  result.pixels = Tensor({int64_t{1}, height, width, int64_t{3}});
  if (picture.has_alpha) result.alpha = Tensor({int64_t{1}, height, width});
  float* pixel = result.pixels.data();
  float* alpha = picture.has_alpha ? result.alpha->data() : nullptr;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const int64_t across = turn.mirrored ? width - 1 - x : x;
      const int64_t down = turn.upside_down ? height - 1 - y : y;
      const int64_t row = turn.transposed ? across : down;
      const int64_t column = turn.transposed ? down : across;
      const float* source = picture.values.data() + (row * picture.width + column) * channels;
      for (int i = 0; i < 3; ++i) *pixel++ = source[i];
      if (alpha != nullptr) *alpha++ = source[3];
    }
  }
  return result;
}

}  // namespace

void check_picture_size(int64_t width, int64_t height, const std::string& name) {
  if (width > 0 && height > 0 && width <= kMaxPicturePixels / height) return;
  throw Error(ErrorKind::kFile, name + ": this picture says it is " + std::to_string(width) +
                                    " x " + std::to_string(height) + " pixels; up to " +
                                    std::to_string(kMaxPicturePixels) +
                                    " pixels are read. Scale it down first");
}

ReadPicture read_picture(std::span<const std::byte> file, const std::string& name) {
  const DecodedPicture picture = decode(file, name);
  if (!picture.warning.empty()) log_warning(name + ": " + picture.warning);
  return turned(picture);
}

ReadPicture read_picture(const fs::path& path) {
  std::error_code error;
  if (!fs::is_regular_file(path, error)) {
    throw Error(ErrorKind::kFile,
                path.string() + (fs::exists(path, error) ? ": this is not a file"
                                                         : ": this picture does not exist"));
  }
  const uint64_t size = fs::file_size(path, error);
  if (!error && size > kMaxFileBytes) {
    throw Error(ErrorKind::kFile, path.string() + ": this file has " + std::to_string(size) +
                                      " bytes, too many for a picture");
  }
  std::vector<std::byte> bytes(error ? 0 : size);
  std::ifstream file(path, std::ios::binary);
  file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (error || !file) {
    throw Error(ErrorKind::kFile, path.string() +
                                      ": this picture cannot be read; check its "
                                      "permissions");
  }
  return read_picture(bytes, path.string());
}

}  // namespace zanime::pictures
