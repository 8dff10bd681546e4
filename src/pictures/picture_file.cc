#include "pictures/picture_file.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "base/text/letter_case.h"
#include "pictures/picture_name.h"

namespace zanime::pictures {

std::optional<PictureFormat> format_of_name(const std::filesystem::path& path) {
  const std::string ending = text::lower_case(path.extension().string());
  if (ending == ".png") return PictureFormat::kPng;
  if (ending == ".jpg" || ending == ".jpeg") return PictureFormat::kJpeg;
  if (ending == ".webp") return PictureFormat::kWebp;
  return std::nullopt;
}

namespace {

std::vector<uint8_t> without_opacity(const std::vector<uint8_t>& rgba) {
  std::vector<uint8_t> rgb;
  rgb.reserve(rgba.size() / 4 * 3);
  for (size_t i = 0; i < rgba.size(); i += 4) rgb.insert(rgb.end(), &rgba[i], &rgba[i] + 3);
  return rgb;
}

}  // namespace

std::vector<uint8_t> picture_bytes(const Tensor& pixels) {
  const int rank = pixels.rank();
  if (rank < 3 || (pixels.dim(-1) != 3 && pixels.dim(-1) != 4) ||
      (rank == 4 && pixels.dim(0) != 1) || rank > 4) {
    throw Error(ErrorKind::kInternal,
                "a picture is [height, width, 3 or 4], not " + pixels.shape().to_string());
  }
  // The product is taken in float32, as the reference does.
  std::vector<uint8_t> bytes(static_cast<size_t>(pixels.size()));
  const float* values = pixels.data();
  for (size_t i = 0; i < bytes.size(); ++i) {
    const float scaled = 255.0f * values[i];
    if (std::isnan(scaled)) {
      throw Error(ErrorKind::kNumeric, "the picture holds values that are not numbers (NaN)");
    }
    bytes[i] = static_cast<uint8_t>(std::clamp(scaled, 0.0f, 255.0f));
  }
  return bytes;
}

std::vector<std::byte> encode_png(const Tensor& pixels, const PictureMetadata& metadata) {
  const std::vector<uint8_t> rgb = picture_bytes(pixels);
  return encode_png(rgb, pixels.dim(-2), pixels.dim(-3), metadata);
}

std::vector<std::byte> encode_picture(const Tensor& pixels, const PictureMetadata& metadata,
                                      const PictureEncoding& encoding) {
  std::vector<uint8_t> rgb = picture_bytes(pixels);
  const int64_t width = pixels.dim(-2), height = pixels.dim(-3);
  if (pixels.dim(-1) == 4 && encoding.format != PictureFormat::kPng) rgb = without_opacity(rgb);
  switch (encoding.format) {
    case PictureFormat::kJpeg:
      return encode_jpeg(rgb, width, height, metadata, encoding.quality);
    case PictureFormat::kWebp:
      return encode_webp(rgb, width, height, metadata, encoding.quality, encoding.lossless);
    case PictureFormat::kPng:
      break;
  }
  return encode_png(rgb, width, height, metadata);
}

void check_stored_size(std::span<const uint8_t> rgb, int64_t width, int64_t height) {
  if (width >= 1 && height >= 1 &&
      (rgb.size() == static_cast<size_t>(width * height * 3) ||
       rgb.size() == static_cast<size_t>(width * height * 4)))
    return;
  throw Error(ErrorKind::kInternal, "a picture of " + std::to_string(width) + " x " +
                                        std::to_string(height) + " does not have " +
                                        std::to_string(rgb.size()) + " bytes");
}

void write_picture(const std::filesystem::path& path, const Tensor& pixels,
                   const PictureMetadata& metadata, const PictureEncoding& encoding) {
  const std::vector<std::byte> bytes = encode_picture(pixels, metadata, encoding);
  files::AtomicFile file(path, bytes.size());
  file.write_at(0, bytes);
  file.commit();
}

std::filesystem::path save_numbered_picture(const std::filesystem::path& folder,
                                            const std::string& prefix, const Tensor& pixels,
                                            const PictureMetadata& metadata, int batch_index) {
  return save_numbered(folder, prefix, {pixels.dim(-2), pixels.dim(-3), batch_index}, ".png",
                       encode_png(pixels, metadata));
}

}  // namespace zanime::pictures
