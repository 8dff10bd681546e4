// Reading the user's pictures: PNG, JPEG and WebP.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "base/tensor.h"

namespace zanime::nodes {

struct ReadPicture {
  Tensor pixels;                // [1, height, width, 3], values n / 255
  std::optional<Tensor> alpha;  // [1, height, width], 1 where opaque; none without transparency
};

// A picture larger than this (width x height) is refused: a file of a few kilobytes can claim any
// size. The limit is Pillow's.
inline constexpr int64_t kMaxPicturePixels = 178'956'970;

// Reads a file as Pillow opens it and converts it to RGB: palettes and grey values expanded, values
// of 16 bits cut to their high byte, CMYK multiplied out, colour profiles ignored, and turned as
// its EXIF orientation says. Of a palette, transparency becomes alpha; a single transparent colour
// of another picture does not. Of an animation the first picture counts. Throws Error(kFile) for a
// file that is missing, damaged, cut short, too large, or of another format, saying which.
ReadPicture read_picture(const std::filesystem::path& path);
// The same from memory; `name` is how messages call it.
ReadPicture read_picture(std::span<const std::byte> file, const std::string& name);

}  // namespace zanime::nodes
