// What a picture file says about itself.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>

#include "pictures/formats/picture_info_formats.h"

namespace zanime::pictures {

// Throws Error(kFile) when the file cannot be read, is no picture, and for a PNG that ends early,
// or of which a checksum does not match. Texts beyond 64 MiB in all are an error too: a few
// kilobytes of zTXt can unpack to gigabytes.
PictureInfo read_picture_info(const std::filesystem::path& path);
std::map<std::string, std::string> read_picture_text(const std::filesystem::path& path);

// The same of a file's bytes; `name` stands for the file in errors.
PictureInfo parse_picture_info(std::string_view bytes, const std::string& name);

}  // namespace zanime::pictures
