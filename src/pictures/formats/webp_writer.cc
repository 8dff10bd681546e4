#include <memory>
#include <new>
#include <string>
#include <vector>

#include <webp/encode.h>
#include <webp/mux.h>

#include "base/error.h"
#include "pictures/formats/exif.h"
#include "pictures/picture_file.h"

namespace zanime::pictures {
namespace {

// Frees what the encoder and the muxer have taken.
struct WebpOutput {
  WebPMemoryWriter bytes;
  WebPPicture picture;
  WebPMux* mux = nullptr;
  WebPData whole{};

  WebpOutput() {
    WebPMemoryWriterInit(&bytes);
    if (WebPPictureInit(&picture) == 0) throw Error(ErrorKind::kInternal, "libwebp is too old");
  }
  WebpOutput(const WebpOutput&) = delete;
  WebpOutput& operator=(const WebpOutput&) = delete;
  ~WebpOutput() {
    WebPPictureFree(&picture);
    WebPMemoryWriterClear(&bytes);
    WebPDataClear(&whole);
    WebPMuxDelete(mux);
  }
};

}  // namespace

std::vector<std::byte> encode_webp(std::span<const uint8_t> rgb, int64_t width, int64_t height,
                                   const PictureMetadata& metadata, int quality, bool lossless) {
  check_stored_size(rgb, width, height);
  if (width > WEBP_MAX_DIMENSION || height > WEBP_MAX_DIMENSION) {
    throw Error(ErrorKind::kUsage, "a picture of " + std::to_string(width) + " x " +
                                       std::to_string(height) +
                                       " is too large for WebP, which ends at 16383 pixels; write "
                                       "it as PNG");
  }
  WebPConfig config;
  if (WebPConfigInit(&config) == 0) throw Error(ErrorKind::kInternal, "libwebp is too old");
  config.quality = static_cast<float>(quality);
  config.lossless = lossless ? 1 : 0;
  // Keeps the edges of colours, which lie at half the size.
  config.use_sharp_yuv = 1;

  WebpOutput output;
  output.picture.use_argb = 1;
  output.picture.width = static_cast<int>(width);
  output.picture.height = static_cast<int>(height);
  output.picture.writer = WebPMemoryWrite;
  output.picture.custom_ptr = &output.bytes;
  if (WebPPictureImportRGB(&output.picture, rgb.data(), static_cast<int>(width * 3)) == 0 ||
      WebPEncode(&config, &output.picture) == 0) {
    if (output.picture.error_code == VP8_ENC_ERROR_OUT_OF_MEMORY) throw std::bad_alloc();
    throw Error(ErrorKind::kResource,
                "cannot make a WebP: libwebp's error " + std::to_string(output.picture.error_code));
  }
  const WebPData still{output.bytes.mem, output.bytes.size};
  const std::vector<std::byte> exif = make_exif(metadata);
  if (!exif.empty()) {
    const WebPData block{reinterpret_cast<const uint8_t*>(exif.data()), exif.size()};
    output.mux = WebPMuxCreate(&still, 0);
    if (output.mux == nullptr || WebPMuxSetChunk(output.mux, "EXIF", &block, 0) != WEBP_MUX_OK ||
        WebPMuxAssemble(output.mux, &output.whole) != WEBP_MUX_OK) {
      throw std::bad_alloc();
    }
  }
  const WebPData& done = exif.empty() ? still : output.whole;
  const auto* first = reinterpret_cast<const std::byte*>(done.bytes);
  return {first, first + done.size};
}

}  // namespace zanime::pictures
