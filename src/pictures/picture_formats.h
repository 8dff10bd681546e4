// The formats behind read_picture, one function each.
#pragma once

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
};

// Each throws Error(kFile) beginning with `name`.
DecodedPicture decode_png(std::span<const std::byte> file, const std::string& name);
DecodedPicture decode_jpeg(std::span<const std::byte> file, const std::string& name);
DecodedPicture decode_webp(std::span<const std::byte> file, const std::string& name);

// An 8-bit value of a picture without colours, as FFmpeg makes it a number from 0 to 1: it puts a
// zero byte behind it and divides by the largest 16-bit value, so that white comes a little short.
inline float grey_value(uint8_t value) { return static_cast<float>(value * 256) / 65535.0f; }

// Throws Error(kFile) when width x height is more than kMaxPicturePixels, or zero.
void check_picture_size(int64_t width, int64_t height, const std::string& name);

// The orientation that a block of EXIF data (a TIFF header and its first directory; "Exif\0\0" may
// precede) gives: 1 to 8, and 1 for everything that cannot be understood.
int exif_orientation(std::span<const std::byte> exif);

}  // namespace zanime::pictures
