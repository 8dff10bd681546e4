// Several pictures as one that moves.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/tensor.h"
#include "pictures/picture_metadata.h"

namespace zanime::pictures {

// Milliseconds of a frame at so many a second.
int64_t frame_milliseconds(double frames_per_second);

// `frames` [frames, height, width, 3], values 0 to 1, each shown for `milliseconds`, again and
// again: an animated PNG (PNG specification, third edition).
std::vector<std::byte> encode_animated_png(const Tensor& frames, int64_t milliseconds,
                                           const PictureMetadata& metadata);

struct WebpOptions {
  bool lossless = true;
  int quality = 80;  // 0 to 100
  int method = 4;    // 0 fast to 6 small
};
// The same as an animated WebP. Throws Error(kUsage) for frames that are too large for it.
std::vector<std::byte> encode_animated_webp(const Tensor& frames, int64_t milliseconds,
                                            const WebpOptions& options,
                                            const PictureMetadata& metadata);

}  // namespace zanime::pictures
