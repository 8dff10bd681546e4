#include <algorithm>
#include <cstdint>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <webp/decode.h>
#include <webp/demux.h>

#include "base/error.h"
#include "pictures/formats/exif.h"
#include "pictures/formats/picture_formats.h"

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

using Decoder = std::unique_ptr<WebPIDecoder, Deleter<WebPIDelete>>;

// Rows of 4 bytes a pixel, or 3 without alpha, of a picture that does not move. The library
// reserves them: a file that only claims to be large costs nothing.
Pixels decode_still(const WebPData& data, const WebPBitstreamFeatures& announced) {
  int width = 0, height = 0;
  Pixels pixels(announced.has_alpha != 0 ? WebPDecodeRGBA(data.bytes, data.size, &width, &height)
                                         : WebPDecodeRGB(data.bytes, data.size, &width, &height));
  if (width != announced.width || height != announced.height) pixels.reset();
  return pixels;
}

// The rows of a file that stops in the middle, as many as there are, and grey below; none where it
// is damaged or no row is there.
std::vector<uint8_t> decode_cut(const WebPData& data, const WebPBitstreamFeatures& announced) {
  const bool has_alpha = announced.has_alpha != 0;
  const Decoder decoder(WebPINewRGB(has_alpha ? MODE_RGBA : MODE_RGB, nullptr, 0, 0));
  if (decoder == nullptr) throw std::bad_alloc();
  if (WebPIAppend(decoder.get(), data.bytes, data.size) != VP8_STATUS_SUSPENDED) return {};
  int rows = 0, width = 0, height = 0, stride = 0;
  const uint8_t* pixels = WebPIDecGetRGB(decoder.get(), &rows, &width, &height, &stride);
  if (pixels == nullptr || rows < 1 || width != announced.width || height != announced.height) {
    return {};
  }
  const size_t channels = has_alpha ? 4 : 3;
  const size_t row_size = channels * static_cast<size_t>(width);
  std::vector<uint8_t> result(row_size * static_cast<size_t>(height), 128);
  for (size_t y = 0; y < static_cast<size_t>(rows); ++y) {
    std::copy_n(pixels + y * static_cast<size_t>(stride), row_size, result.data() + y * row_size);
  }
  for (size_t i = row_size * static_cast<size_t>(rows) + 3; has_alpha && i < result.size();
       i += 4) {
    result[i] = 255;
  }
  return result;
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
    const int channels = picture.has_alpha ? 4 : 3;
    if (const Pixels pixels = decode_still(data, features)) {
      append_values(pixels.get(), count, channels, picture.has_alpha, picture.values);
    } else if (const std::vector<uint8_t> cut = decode_cut(data, features); !cut.empty()) {
      append_values(cut.data(), count, channels, picture.has_alpha, picture.values);
      picture.warning = kCutPicture;
    } else {
      fail(name, "its pixels are cut short or wrong");
    }
  }
  picture.orientation = orientation_of(data);
  return picture;
}

}  // namespace zanime::pictures
