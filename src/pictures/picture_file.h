// Pictures on disk: 8-bit RGB PNG that carries how it was made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace zanime::pictures {

// What a picture says about itself, in UTF-8. An empty text is left out.
struct PictureMetadata {
  std::string prompt;      // the graph in API form, as JSON text: ComfyUI opens the picture with it
  std::string parameters;  // readable text
};

// The bytes of a PNG of `pixels` [height, width, 3] or [1, height, width, 3], values 0 to 1; with
// four channels the last is its opacity. An 8-bit value is floor(255 x) of x clamped to [0, 1], as
// in ComfyUI. The same arguments give the same bytes. `prompt` becomes a tEXt chunk (its characters
// beyond ASCII are written as JSON's \u escapes); `parameters` becomes one where it is ASCII, else
// iTXt. Throws Error(kNumeric) for a value that is NaN.
std::vector<std::byte> encode_png(const Tensor& pixels, const PictureMetadata& metadata);
// The same of 8-bit values [height, width, 3 or 4], as picture_bytes gives them.
std::vector<std::byte> encode_png(std::span<const uint8_t> rgb, int64_t width, int64_t height,
                                  const PictureMetadata& metadata);

// The 8-bit values that a PNG of `pixels` holds. Throws as encode_png.
std::vector<uint8_t> picture_bytes(const Tensor& pixels);

// Writes that PNG to `path`: a file there is replaced once the new one is complete. Throws as
// encode_png and AtomicFile do.
void write_picture(const std::filesystem::path& path, const Tensor& pixels,
                   const PictureMetadata& metadata);

// Writes under next_picture_name, making folders as needed, and returns the name. Never replaces a
// file, also when several processes number pictures in one folder.
std::filesystem::path save_numbered_picture(const std::filesystem::path& folder,
                                            const std::string& prefix, const Tensor& pixels,
                                            const PictureMetadata& metadata, int batch_index = 0);

}  // namespace zanime::pictures
