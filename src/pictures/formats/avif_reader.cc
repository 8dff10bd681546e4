// AVIF by libavif: the first picture of a sequence.
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <avif/avif.h>

#include "base/error.h"
#include "pictures/formats/picture_formats.h"

namespace zanime::pictures {
namespace {

struct DestroyAvif {
  void operator()(avifDecoder* decoder) const { avifDecoderDestroy(decoder); }
};
using Avif = std::unique_ptr<avifDecoder, DestroyAvif>;

[[noreturn]] void fail_avif(const std::string& name, avifResult result) {
  throw Error(ErrorKind::kFile, name + ": this AVIF is damaged: " + avifResultToString(result) +
                                    "; get the file again, or save it as PNG");
}

// Up to the description of the picture.
Avif open_avif(std::span<const std::byte> file, const std::string& name) {
  Avif decoder(avifDecoderCreate());
  if (decoder == nullptr) throw std::bad_alloc();
  // Sizes are checked here, with a better message; what a file reserves stays within the limit.
  decoder->imageSizeLimit = static_cast<uint32_t>(kMaxPicturePixels);
  decoder->imageDimensionLimit = 0;
  // Older writers leave out what the decoder does not need.
  decoder->strictFlags &= ~static_cast<avifStrictFlags>(AVIF_STRICT_PIXI_REQUIRED);
  avifResult result = avifDecoderSetIOMemory(
      decoder.get(), reinterpret_cast<const uint8_t*>(file.data()), file.size());
  if (result == AVIF_RESULT_OK) result = avifDecoderParse(decoder.get());
  if (result != AVIF_RESULT_OK) fail_avif(name, result);
  return decoder;
}

// EXIF's number for the turn (against the clock, first) and the mirror that the file asks for.
int avif_orientation(const avifImage& image) {
  const bool turns = (image.transformFlags & AVIF_TRANSFORM_IROT) != 0;
  const bool mirrors = (image.transformFlags & AVIF_TRANSFORM_IMIR) != 0;
  const bool left_right = image.imir.mode == 1;
  switch (turns ? image.irot.angle : 0) {
    case 1:
      return !mirrors ? 8 : left_right ? 7 : 5;
    case 2:
      return !mirrors ? 3 : left_right ? 4 : 2;
    case 3:
      return !mirrors ? 6 : left_right ? 5 : 7;
    default:
      return !mirrors ? 1 : left_right ? 2 : 4;
  }
}

}  // namespace

DecodedPicture decode_avif(std::span<const std::byte> file, const std::string& name) {
  const Avif decoder = open_avif(file, name);
  const avifImage& image = *decoder->image;
  DecodedPicture picture;
  picture.width = image.width;
  picture.height = image.height;
  check_picture_size(picture.width, picture.height, name);
  if (const avifResult result = avifDecoderNextImage(decoder.get()); result != AVIF_RESULT_OK) {
    fail_avif(name, result);
  }
  picture.has_alpha = image.alphaPlane != nullptr;
  picture.orientation = avif_orientation(image);

  avifRGBImage rgb;
  avifRGBImageSetDefaults(&rgb, &image);
  rgb.format = picture.has_alpha ? AVIF_RGB_FORMAT_RGBA : AVIF_RGB_FORMAT_RGB;
  rgb.depth = image.depth > 8 ? 16 : 8;
  const size_t value_size = rgb.depth / 8;
  const size_t count =
      static_cast<size_t>(picture.width * picture.height) * (picture.has_alpha ? 4 : 3);
  std::vector<uint8_t> stored(count * value_size);
  rgb.pixels = stored.data();
  rgb.rowBytes = static_cast<uint32_t>(stored.size() / static_cast<size_t>(picture.height));
  if (const avifResult result = avifImageYUVToRGB(&image, &rgb); result != AVIF_RESULT_OK) {
    fail_avif(name, result);
  }
  picture.values.reserve(count);
  for (size_t i = 0; i < count; ++i) {
    if (value_size == 1) {
      picture.values.push_back(static_cast<float>(stored[i]) / 255.0f);
    } else {
      uint16_t wide = 0;
      std::memcpy(&wide, stored.data() + 2 * i, 2);
      picture.values.push_back(static_cast<float>(wide) / 65535.0f);
    }
  }
  return picture;
}

}  // namespace zanime::pictures
