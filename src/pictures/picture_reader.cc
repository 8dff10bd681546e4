#include "pictures/picture_reader.h"

#include <array>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "base/error.h"
#include "pictures/picture_formats.h"

namespace zanime::pictures {
namespace fs = std::filesystem;
namespace {

// Above this no picture that check_picture_size accepts is stored.
constexpr uint64_t kMaxFileBytes = uint64_t{2} << 30;

std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct OtherFormat {
  size_t offset;
  std::string_view mark;
  const char* name;
};

// What people are likely to try.
constexpr std::array<OtherFormat, 8> kOtherFormats{{
    {0, "GIF8", "a GIF"},
    {0, "BM", "a BMP"},
    {0, std::string_view("II*\0", 4), "a TIFF"},
    {0, std::string_view("MM\0*", 4), "a TIFF"},
    {4, "ftypavi", "an AVIF"},
    {4, "ftyphei", "a HEIC"},
    {0, "\xff\x0a", "a JPEG XL"},
    {0, "<svg", "an SVG"},
}};

[[noreturn]] void refuse(std::span<const std::byte> file, const std::string& name) {
  constexpr const char* kAdvice = "; only PNG, JPEG and WebP can be read: convert it to PNG";
  const std::string_view text = as_text(file);
  if (text.empty()) throw Error(ErrorKind::kFile, name + ": this file is empty");
  for (const OtherFormat& format : kOtherFormats) {
    if (text.size() > format.offset && text.substr(format.offset).starts_with(format.mark)) {
      throw Error(ErrorKind::kFile, name + ": this is " + format.name + kAdvice);
    }
  }
  throw Error(ErrorKind::kFile,
              name + ": this is not a picture that can be read; PNG, JPEG and WebP can");
}

DecodedPicture decode(std::span<const std::byte> file, const std::string& name) {
  const std::string_view text = as_text(file);
  if (text.starts_with("\x89PNG\r\n\x1a\n")) return decode_png(file, name);
  if (text.starts_with("\xff\xd8\xff")) return decode_jpeg(file, name);
  if (text.starts_with("RIFF") && text.size() >= 12 && text.substr(8, 4) == "WEBP") {
    return decode_webp(file, name);
  }
  refuse(file, name);
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
  return turned(decode(file, name));
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
