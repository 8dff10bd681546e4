// Which kind of picture a file is, by its first bytes: names and endings of files are often wrong.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace zanime::pictures {

enum class PictureKind { kPng, kJpeg, kWebp, kGif, kBmp, kTiff, kAvif, kHeic, kJpegXl, kSvg };

// What a PNG begins with (W3C Portable Network Graphics, second edition, section 5.2).
inline constexpr std::string_view kPngSignature = "\x89PNG\r\n\x1a\n";
// As many bytes as picture_kind ever looks at.
inline constexpr size_t kPictureKindBytes = 256;

// None for every other kind of file. `start` is a file's beginning, or all of it.
std::optional<PictureKind> picture_kind(std::string_view start);

// "a PNG", "an AVIF"
std::string_view picture_kind_name(PictureKind kind);

// Whether these are a PNG's bytes after a transfer that took them for text: its signature is there
// to show that.
bool is_png_sent_as_text(std::string_view start);

}  // namespace zanime::pictures
