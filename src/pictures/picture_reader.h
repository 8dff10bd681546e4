// Reading the user's pictures: PNG, JPEG, WebP, GIF, BMP, TIFF and AVIF.
#pragma once

#include <cstddef>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

#include "base/tensor.h"

namespace zanime::pictures {

struct ReadPicture {
  Tensor pixels;                // [1, height, width, 3], values 0 to 1
  std::optional<Tensor> alpha;  // [1, height, width], 1 where opaque; none without transparency
};

// Reads a file into the numbers that ComfyUI's LoadImage (with FFmpeg) gets: 8 bits are n / 255, or
// less by 0.4 % without colours (see grey_value); 16 bits keep their precision. A palette always
// has alpha, and so has a picture with one transparent colour. CMYK is multiplied out, colour
// profiles are ignored, and the picture is turned and mirrored as its EXIF orientation says. Of an
// animation the first picture counts. WebP is read as libwebp reads it; of a lossy one with even
// sides FFmpeg's colours differ by up to 2 / 255. AVIF and TIFF are
// as libavif and libtiff give them. Throws Error(kFile) for a file that is missing, damaged, too
// large, or of another format, saying which.
ReadPicture read_picture(const std::filesystem::path& path);
// The same from memory; `name` is how messages call it.
ReadPicture read_picture(std::span<const std::byte> file, const std::string& name);

}  // namespace zanime::pictures
