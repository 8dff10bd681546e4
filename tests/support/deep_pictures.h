// Reading what nodes write beyond plain pictures.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/tensor.h"

namespace zanime::testing {

// A PNG of 16 bits: [1, height, width, channels] of 0 to 65535.
Tensor read_deep_png(std::span<const std::byte> file);
// An OpenEXR file of float32 rows that are not packed: [1, height, width, channels], red first.
Tensor read_exr(std::span<const std::byte> file);

struct Animation {
  Tensor frames;                      // [frames, height, width, 3] of 0 to 255
  std::vector<int64_t> milliseconds;  // of each
};
// Both check checksums, sizes and the order of the parts.
Animation read_animated_png(std::span<const std::byte> file);
Animation read_animated_webp(std::span<const std::byte> file);

}  // namespace zanime::testing
