#include <new>
#include <string>

#include <webp/encode.h>
#include <webp/mux.h>

#include "base/error.h"
#include "pictures/animation.h"
#include "pictures/formats/exif.h"
#include "pictures/picture_file.h"

namespace zanime::pictures {
namespace {

// Frees what the encoder and the muxer have taken.
struct AnimatedOutput {
  WebPAnimEncoder* encoder = nullptr;
  WebPPicture picture;
  WebPData frames{}, whole{};
  WebPMux* mux = nullptr;

  AnimatedOutput() {
    if (WebPPictureInit(&picture) == 0) throw Error(ErrorKind::kInternal, "libwebp is too old");
  }
  AnimatedOutput(const AnimatedOutput&) = delete;
  AnimatedOutput& operator=(const AnimatedOutput&) = delete;
  ~AnimatedOutput() {
    WebPPictureFree(&picture);
    WebPAnimEncoderDelete(encoder);
    WebPDataClear(&frames);
    WebPDataClear(&whole);
    WebPMuxDelete(mux);
  }
};

}  // namespace

std::vector<std::byte> encode_animated_webp(const Tensor& frames, int64_t milliseconds,
                                            const WebpOptions& options,
                                            const PictureMetadata& metadata) {
  const auto width = static_cast<int>(frames.dim(2)), height = static_cast<int>(frames.dim(1));
  if (width > WEBP_MAX_DIMENSION || height > WEBP_MAX_DIMENSION) {
    throw Error(ErrorKind::kUsage, "frames of " + std::to_string(width) + " x " +
                                       std::to_string(height) +
                                       " are too large for WebP, which ends at 16383 pixels; use "
                                       "SaveAnimatedPNG");
  }
  WebPConfig config;
  WebPAnimEncoderOptions animation;
  if (WebPConfigInit(&config) == 0 || WebPAnimEncoderOptionsInit(&animation) == 0) {
    throw Error(ErrorKind::kInternal, "libwebp is too old");
  }
  config.lossless = options.lossless ? 1 : 0;
  config.quality = static_cast<float>(options.quality);
  config.method = options.method;

  AnimatedOutput output;
  output.encoder = WebPAnimEncoderNew(width, height, &animation);
  if (output.encoder == nullptr) throw std::bad_alloc();
  const auto fail = [&] {
    throw Error(ErrorKind::kResource, "cannot make an animated WebP: " +
                                          std::string(WebPAnimEncoderGetError(output.encoder)));
  };
  for (int64_t i = 0; i < frames.dim(0); ++i) {
    const Tensor frame = frames.rows(i, 1);
    const std::vector<uint8_t> bytes = picture_bytes(frame);
    const int channels = static_cast<int>(frame.dim(-1));
    output.picture.use_argb = 1;
    output.picture.width = width;
    output.picture.height = height;
    const auto import = channels == 4 ? WebPPictureImportRGBA : WebPPictureImportRGB;
    if (import(&output.picture, bytes.data(), width * channels) == 0) throw std::bad_alloc();
    const auto start = static_cast<int>(i * milliseconds);
    if (WebPAnimEncoderAdd(output.encoder, &output.picture, start, &config) == 0) fail();
    WebPPictureFree(&output.picture);
  }
  const auto end = static_cast<int>(frames.dim(0) * milliseconds);
  if (WebPAnimEncoderAdd(output.encoder, nullptr, end, nullptr) == 0 ||
      WebPAnimEncoderAssemble(output.encoder, &output.frames) == 0) {
    fail();
  }
  const std::vector<std::byte> exif = make_exif(metadata);
  if (!exif.empty()) {
    const WebPData block{reinterpret_cast<const uint8_t*>(exif.data()), exif.size()};
    output.mux = WebPMuxCreate(&output.frames, 0);
    if (output.mux == nullptr || WebPMuxSetChunk(output.mux, "EXIF", &block, 0) != WEBP_MUX_OK ||
        WebPMuxAssemble(output.mux, &output.whole) != WEBP_MUX_OK) {
      throw std::bad_alloc();
    }
  }
  const WebPData& done = exif.empty() ? output.frames : output.whole;
  const auto* first = reinterpret_cast<const std::byte*>(done.bytes);
  return {first, first + done.size};
}

}  // namespace zanime::pictures
