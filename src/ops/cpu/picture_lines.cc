#include "ops/cpu/picture_lines.h"

#include <algorithm>

namespace zanime::ops::cpu {

void read_line(const RowKernels& kernels, const PictureLines& lines, int64_t picture,
               const float* stored, int64_t before, int64_t after, float* out) {
  const int64_t channels = lines.channels(), width = lines.width();
  if (stored == nullptr) {
    std::fill_n(out, (before + width + after) * channels, 0.0f);
    return;
  }
  std::fill_n(out, before * channels, 0.0f);
  out += before * channels;
  if (lines.factors.empty()) {
    std::copy_n(stored, width * channels, out);
  } else {
    const float* factor = lines.factors.data() + picture * 2 * channels;
    for (int64_t column = 0; column < width; ++column) {
      kernels.affine(stored + column * channels, factor, factor + channels, /*with_silu=*/true,
                     out + column * channels, channels);
    }
  }
  std::fill_n(out + width * channels, after * channels, 0.0f);
}

}  // namespace zanime::ops::cpu
