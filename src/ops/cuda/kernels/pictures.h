// Group norm and doubling of channel-last pictures [items, pixels, channels].
#pragma once

#include <cstdint>

#include "base/dtype.h"
#include "ops/cuda/kernels/kernel.h"

namespace zanime::ops::cuda {

struct PictureShape {
  DType dtype = DType::kF32;  // kF32 or kBF16
  int64_t items = 0;
  int64_t pixels = 0;
  int64_t channels = 0;  // at most kMostChannels where they are normed

  int64_t size() const { return items * pixels * channels; }
};
constexpr int64_t kMostChannels = 4096;

// Floats of scratch that group_norm_factors takes.
int64_t group_norm_scratch(const PictureShape& shape, int64_t groups);
// What group norm makes of a channel: y = factor * x + offset. factors [items, 2, channels]:
// factors, then offsets. weight and bias [channels] in float32. Statistics are taken in pieces of
// pixels whose means are subtracted before squares are summed, in an order that never changes.
void group_norm_factors(Stream stream, const PictureShape& shape, int64_t groups, const void* x,
                        const float* weight, const float* bias, float epsilon, float* scratch,
                        float* factors);
// out = factor * x + offset, then SiLU if asked. out may be x.
void group_norm_apply(Stream stream, const PictureShape& shape, const void* x, const float* factors,
                      bool with_silu, void* out);

// What a convolution's kernel sees of pictures [items, height, width, channels]: for the output
// pixels [first, first + count) of all items one behind the other, a row of [kernel_height,
// kernel_width, channels] values each, zeros beyond the picture.
struct PatchesShape {
  DType dtype = DType::kF32;  // kF32 or kBF16
  int64_t height = 0, width = 0, channels = 0;
  int64_t out_height = 0, out_width = 0;
  int64_t kernel_height = 0, kernel_width = 0;
  int64_t stride = 1, pad_before = 0;
  int64_t first = 0, count = 0;

  int64_t row_size() const { return kernel_height * kernel_width * channels; }
};
void gather_patches(Stream stream, const PatchesShape& shape, const void* x, void* out);

// Every pixel four times: [items, height, width, channels] -> [items, 2 height, 2 width, channels].
void upsample_nearest(Stream stream, DType dtype, int64_t items, int64_t height, int64_t width,
                      int64_t channels, const void* x, void* out);

}  // namespace zanime::ops::cuda
