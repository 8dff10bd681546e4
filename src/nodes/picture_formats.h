// The formats behind read_picture, one function each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace zanime::nodes {

// 8 bits a channel, as stored in the file (not turned yet).
struct DecodedPicture {
  int64_t width = 0, height = 0;
  bool has_alpha = false;
  std::vector<uint8_t> values;  // [height, width, 3], or 4 with alpha
  int orientation = 1;          // EXIF's, 1 to 8
};

// Each throws Error(kFile) beginning with `name`.
DecodedPicture decode_png(std::span<const std::byte> file, const std::string& name);
DecodedPicture decode_jpeg(std::span<const std::byte> file, const std::string& name);

// Throws Error(kFile) when width x height is more than kMaxPicturePixels, or zero.
void check_picture_size(int64_t width, int64_t height, const std::string& name);

// The orientation that a block of EXIF data (a TIFF header and its first directory; "Exif\0\0" may
// precede) gives: 1 to 8, and 1 for everything that cannot be understood.
int exif_orientation(std::span<const std::byte> exif);

}  // namespace zanime::nodes
