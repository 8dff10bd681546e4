#include "ops/cuda/product_convolution.h"

#include <algorithm>
#include <cstddef>

#include "ops/cuda/kernels/elementwise.h"
#include "ops/cuda/kernels/pictures.h"

namespace zanime::ops::cuda {
namespace {

// Values that are written out at a time: 256 MiB in float32.
constexpr int64_t kMostPatchValues = int64_t{64} << 20;

}  // namespace

void product_convolution(Memory& memory, Library& library, const Convolution& convolution,
                         const void* x, const void* weight, const float* bias, void* out) {
  const Convolution& c = convolution;
  PatchesShape patches{.dtype = c.dtype,
                       .height = c.height,
                       .width = c.width,
                       .channels = c.inputs,
                       .out_height = c.out_height(),
                       .out_width = c.out_width(),
                       .kernel_height = c.kernel_height,
                       .kernel_width = c.kernel_width,
                       .stride = c.stride,
                       .pad_before = c.pad_before};
  const int64_t pixels = c.items * c.out_height() * c.out_width(), depth = patches.row_size();
  if (pixels == 0) return;
  const int64_t most = std::clamp<int64_t>(kMostPatchValues / depth, 1, pixels);
  const auto values = memory.allocate(dtype_bytes(c.dtype, most * depth));
  for (int64_t first = 0; first < pixels; first += most) {
    patches.first = first;
    patches.count = std::min(most, pixels - first);
    gather_patches(memory.stream(), patches, x, values.get());
    library.multiply({.m = patches.count,
                      .n = c.outputs,
                      .k = depth,
                      .factors = c.dtype,
                      .result = c.dtype,
                      .a_stride = depth,
                      .b_stride = depth,
                      .d_stride = c.outputs},
                     values.get(), weight,
                     static_cast<std::byte*>(out) + dtype_bytes(c.dtype, first * c.outputs));
  }
  if (bias != nullptr) add_bias(memory.stream(), {c.dtype, pixels, c.outputs}, out, bias);
}

}  // namespace zanime::ops::cuda
