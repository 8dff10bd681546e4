// What the formats behind parse_picture_info give, one function each.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace zanime::pictures {

// The size in pixels, and texts in UTF-8: of a PNG (tEXt, zTXt, iTXt) by keyword, of a JPEG and a
// WebP as exif_texts names them, of other pictures none. Of several texts with one keyword the
// first counts. Sizes of a JPEG and a WebP are as stored, before they are turned.
struct PictureInfo {
  int64_t width = 0;
  int64_t height = 0;
  std::map<std::string, std::string> texts;
};

// Each of the bytes of a file that begins as its format does. Throws Error(kFile) beginning with
// `name`.
PictureInfo png_info(std::string_view bytes, const std::string& name);
PictureInfo jpeg_info(std::string_view bytes, const std::string& name);
PictureInfo webp_info(std::string_view bytes, const std::string& name);

}  // namespace zanime::pictures
