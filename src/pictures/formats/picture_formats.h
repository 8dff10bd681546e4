// The formats behind read_picture, one function each.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace zanime::pictures {

// A picture as stored in the file, not turned yet.
struct DecodedPicture {
  int64_t width = 0, height = 0;
  bool has_alpha = false;
  std::vector<float> values;  // [height, width, 3], or 4 with alpha; 0 to 1
  int orientation = 1;        // EXIF's, 1 to 8
  std::string warning;        // what is wrong with a picture that is given all the same
};

// A file that stops in the middle: its rows up to there, and grey below.
inline constexpr const char* kCutPicture =
    "the file stops in the middle of the picture; what is missing is grey";
inline constexpr std::array<float, 4> kMissingPixel{128.0f / 255.0f, 128.0f / 255.0f,
                                                    128.0f / 255.0f, 1.0f};

// Each throws Error(kFile) beginning with `name`.
DecodedPicture decode_png(std::span<const std::byte> file, const std::string& name);
DecodedPicture decode_jpeg(std::span<const std::byte> file, const std::string& name);
DecodedPicture decode_webp(std::span<const std::byte> file, const std::string& name);
DecodedPicture decode_gif(std::span<const std::byte> file, const std::string& name);
DecodedPicture decode_bmp(std::span<const std::byte> file, const std::string& name);
DecodedPicture decode_tiff(std::span<const std::byte> file, const std::string& name);
DecodedPicture decode_avif(std::span<const std::byte> file, const std::string& name);

// An 8-bit value of a picture without colours, as FFmpeg makes it a number from 0 to 1: it puts a
// zero byte behind it and divides by the largest 16-bit value, so that white comes a little short.
inline float grey_value(uint8_t value) { return static_cast<float>(value * 256) / 65535.0f; }

// A picture larger than this (width x height) is refused: a file of a few kilobytes can claim any
// size. The limit is Pillow's.
inline constexpr int64_t kMaxPicturePixels = 178'956'970;
// Throws Error(kFile) when width x height is more than kMaxPicturePixels, or zero.
void check_picture_size(int64_t width, int64_t height, const std::string& name);

}  // namespace zanime::pictures
