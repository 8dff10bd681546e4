// Pictures on disk: 8-bit RGB that carries how it was made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <vector>

#include "base/tensor.h"
#include "pictures/picture_metadata.h"

namespace zanime::pictures {

enum class PictureFormat { kPng, kJpeg, kWebp };

struct PictureEncoding {
  PictureFormat format = PictureFormat::kPng;
  int quality = 90;       // 1 to 100, of a JPEG and of a WebP that loses something
  bool lossless = false;  // of a WebP
};

// The format that a file name's ending stands for: .png, .jpg, .jpeg or .webp, in any case of
// letters.
std::optional<PictureFormat> format_of_name(const std::filesystem::path& path);

// The bytes of a PNG of `pixels` [height, width, 3] or [1, height, width, 3], values 0 to 1; with
// four channels the last is its opacity. An 8-bit value is floor(255 x) of x clamped to [0, 1], as
// in ComfyUI. The same arguments give the same bytes. `prompt` becomes a tEXt chunk (its characters
// beyond ASCII are written as JSON's \u escapes); `parameters` becomes one where it is ASCII, else
// iTXt. Throws Error(kNumeric) for a value that is NaN.
std::vector<std::byte> encode_png(const Tensor& pixels, const PictureMetadata& metadata);
// The same of 8-bit values [height, width, 3 or 4], as picture_bytes gives them.
std::vector<std::byte> encode_png(std::span<const uint8_t> rgb, int64_t width, int64_t height,
                                  const PictureMetadata& metadata);
// A JPEG with its colours at full size, and a WebP; the metadata as make_exif puts it. A graph too
// large for a JPEG's 64 kB is left out with a warning. Both throw Error(kUsage) for a picture that
// is too large for the format.
std::vector<std::byte> encode_jpeg(std::span<const uint8_t> rgb, int64_t width, int64_t height,
                                   const PictureMetadata& metadata, int quality);
std::vector<std::byte> encode_webp(std::span<const uint8_t> rgb, int64_t width, int64_t height,
                                   const PictureMetadata& metadata, int quality, bool lossless);
// One of these, of `pixels` as encode_png takes them.
std::vector<std::byte> encode_picture(const Tensor& pixels, const PictureMetadata& metadata,
                                      const PictureEncoding& encoding);

// The 8-bit values that a picture of `pixels` holds. Throws as encode_png.
std::vector<uint8_t> picture_bytes(const Tensor& pixels);

// Throws Error(kInternal) unless `rgb` holds 3 bytes for each of width x height pixels.
void check_stored_size(std::span<const uint8_t> rgb, int64_t width, int64_t height);

// Writes that picture to `path`: a file there is replaced once the new one is complete. Throws as
// encode_picture and AtomicFile do.
void write_picture(const std::filesystem::path& path, const Tensor& pixels,
                   const PictureMetadata& metadata, const PictureEncoding& encoding = {});

// Writes a PNG under next_picture_name, making folders as needed, and returns the name. Never
// replaces a file, also when several processes number pictures in one folder.
std::filesystem::path save_numbered_picture(const std::filesystem::path& folder,
                                            const std::string& prefix, const Tensor& pixels,
                                            const PictureMetadata& metadata, int batch_index = 0);

}  // namespace zanime::pictures
