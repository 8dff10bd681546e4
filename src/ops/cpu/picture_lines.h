// What a convolution reads: lines of pixels, normalised on the way where that is asked.
#pragma once

#include "base/tensor.h"
#include "ops/cpu/row_kernels.h"

namespace zanime::ops::cpu {

struct PictureLines {
  const Tensor& x;  // [batch, height, width, channels]
  // [batch, 2, channels]: reads silu(x * factor + offset). Empty: reads x.
  Tensor factors = {};

  int64_t height() const { return x.dim(1); }
  int64_t width() const { return x.dim(2); }
  int64_t channels() const { return x.dim(3); }
  // One line as it lies in memory.
  const float* stored(int64_t picture, int64_t row) const {
    return x.data() + (picture * height() + row) * width() * channels();
  }
};

// out [before + width + after, channels] = the line `stored` of `picture` between zeros, or zeros
// alone where it is null.
void read_line(const RowKernels& kernels, const PictureLines& lines, int64_t picture,
               const float* stored, int64_t before, int64_t after, float* out);

}  // namespace zanime::ops::cpu
