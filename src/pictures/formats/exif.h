// EXIF: what a picture says about itself, in JPEG, WebP, PNG and others.
#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "pictures/picture_metadata.h"

namespace zanime::pictures {

// The orientation that a block of EXIF data (a TIFF header and its directories; "Exif\0\0" may
// precede) gives: 1 to 8, and 1 for everything that cannot be understood.
int exif_orientation(std::span<const std::byte> exif);

// The texts of such a block, in UTF-8. ComfyUI and the nodes that save pictures for it write
// "prompt:{…}" and "workflow:{…}" under whatever tags are free: these come by the word before the
// colon. A user comment, where A1111 puts its parameters, is "parameters", or "prompt" where it is
// an object of JSON. Of several texts with one name the first counts; what cannot be understood is
// left out.
std::map<std::string, std::string> exif_texts(std::span<const std::byte> exif);

// Such a block, without "Exif\0\0", that says this: `prompt` as ComfyUI writes it (tag Model), and
// `parameters` as a user comment. Empty for no metadata.
std::vector<std::byte> make_exif(const PictureMetadata& metadata);

}  // namespace zanime::pictures
