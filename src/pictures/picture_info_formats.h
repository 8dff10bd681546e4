// What the formats behind parse_picture_info give, one function each.
#pragma once

#include <string>
#include <string_view>

#include "pictures/picture_info.h"

namespace zanime::pictures {

// Each of the bytes of a file that begins as its format does. Throws Error(kFile) beginning with
// `name`.
PictureInfo png_info(std::string_view bytes, const std::string& name);
PictureInfo jpeg_info(std::string_view bytes, const std::string& name);
PictureInfo webp_info(std::string_view bytes, const std::string& name);

}  // namespace zanime::pictures
