#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <webp/decode.h>
#include <webp/demux.h>

#include "base/error.h"
#include "pictures/picture_formats.h"

namespace zanime::pictures {
namespace {

template <auto kDelete>
struct Deleter {
  template <typename T>
  void operator()(T* pointer) const {
    kDelete(pointer);
  }
};
using Demuxer = std::unique_ptr<WebPDemuxer, Deleter<WebPDemuxDelete>>;
using Pixels = std::unique_ptr<uint8_t, Deleter<WebPFree>>;
using Animation = std::unique_ptr<WebPAnimDecoder, Deleter<WebPAnimDecoderDelete>>;

[[noreturn]] void fail(const std::string& name, const std::string& problem) {
  throw Error(ErrorKind::kFile, name + ": this WebP is damaged: " + problem +
                                    "; get the file again, or save it anew");
}

// Rows of 4 bytes a pixel, or 3 without alpha, of a picture that does not move. The library
// reserves them: a file that only claims to be large costs nothing.
Pixels decode_still(const WebPData& data, const WebPBitstreamFeatures& announced,
                    const std::string& name) {
  int width = 0, height = 0;
  Pixels pixels(announced.has_alpha != 0 ? WebPDecodeRGBA(data.bytes, data.size, &width, &height)
                                         : WebPDecodeRGB(data.bytes, data.size, &width, &height));
  if (pixels == nullptr || width != announced.width || height != announced.height) {
    fail(name, "its pixels are cut short or wrong");
  }
  return pixels;
}

// Values from 0 to 1 of `count` pixels that are stored in so many bytes each.
void append_values(const uint8_t* pixels, size_t count, int stored, bool has_alpha,
                   std::vector<float>& values) {
  values.reserve(count * static_cast<size_t>(stored));
  for (size_t i = 0; i < count * static_cast<size_t>(stored); ++i) {
    if (stored == 4 && i % 4 == 3 && !has_alpha) continue;
    values.push_back(static_cast<float>(pixels[i]) / 255.0f);
  }
}

int orientation_of(const WebPData& data) {
  const Demuxer demuxer(WebPDemux(&data));
  WebPChunkIterator chunk;
  if (demuxer == nullptr || WebPDemuxGetChunk(demuxer.get(), "EXIF", 1, &chunk) == 0) return 1;
  const int orientation =
      exif_orientation(std::as_bytes(std::span(chunk.chunk.bytes, chunk.chunk.size)));
  WebPDemuxReleaseChunkIterator(&chunk);
  return orientation;
}

}  // namespace

DecodedPicture decode_webp(std::span<const std::byte> file, const std::string& name) {
  const WebPData data{reinterpret_cast<const uint8_t*>(file.data()), file.size()};
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(data.bytes, data.size, &features) != VP8_STATUS_OK) {
    fail(name, "its header is cut short or wrong");
  }
  DecodedPicture picture;
  picture.width = features.width;
  picture.height = features.height;
  check_picture_size(picture.width, picture.height, name);
  picture.has_alpha = features.has_alpha != 0;

  const auto count = static_cast<size_t>(picture.width * picture.height);
  if (features.has_animation != 0) {
    const Animation animation(WebPAnimDecoderNew(&data, nullptr));
    uint8_t* canvas = nullptr;
    int time = 0;
    if (animation == nullptr || WebPAnimDecoderGetNext(animation.get(), &canvas, &time) == 0) {
      fail(name, "its first picture is cut short or wrong");
    }
    append_values(canvas, count, 4, picture.has_alpha, picture.values);
  } else {
    const Pixels pixels = decode_still(data, features, name);
    append_values(pixels.get(), count, picture.has_alpha ? 4 : 3, picture.has_alpha,
                  picture.values);
  }
  picture.orientation = orientation_of(data);
  return picture;
}

}  // namespace zanime::pictures
