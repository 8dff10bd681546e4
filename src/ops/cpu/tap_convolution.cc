#include "ops/cpu/tap_convolution.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "base/parallel.h"
#include "ops/cpu/gemm.h"
#include "ops/cpu/linear.h"
#include "ops/cpu/scratch.h"

namespace zanime::ops::cpu {
namespace {

// Pixels of a run: enough rows for the product to run at full speed, and few enough for the run's
// output to stay in cache from tap to tap. Fixed, so that sums do not depend on the thread count.
constexpr int64_t kRunPixels = 256;
constexpr int64_t kTaps = 9;

void copy_floats(float* to, const float* from, int64_t count) {
  std::memcpy(to, from, static_cast<size_t>(count) * sizeof(float));
}

// [B, H, W, C] -> [B, H + 2, W + 2, C] with a border of zeros.
Tensor with_border(const Tensor& x) {
  const int64_t height = x.dim(1), width = x.dim(2), channels = x.dim(3);
  Tensor out(Shape{x.dim(0), height + 2, width + 2, channels});
  parallel_for(x.dim(0) * (height + 2), [&](int64_t line) {
    const int64_t picture = line / (height + 2), row = line % (height + 2) - 1;
    float* target = out.data() + line * (width + 2) * channels;
    if (row < 0 || row >= height) {
      std::fill_n(target, (width + 2) * channels, 0.0f);
      return;
    }
    std::fill_n(target, channels, 0.0f);
    copy_floats(target + channels, x.data() + (picture * height + row) * width * channels,
                width * channels);
    std::fill_n(target + (width + 1) * channels, channels, 0.0f);
  });
  return out;
}

// A run: `rows` rows of `columns` pixels. Several rows only where they are whole, so that with the
// border between them they are one stretch of memory.
struct Run {
  int64_t picture, row, rows, column, columns;
};

std::vector<Run> runs_of(const Tensor& x) {
  const int64_t height = x.dim(1), width = x.dim(2);
  const int64_t columns = std::min(width, kRunPixels);
  const int64_t rows = std::max<int64_t>(1, kRunPixels / (width + 2));
  std::vector<Run> runs;
  for (int64_t picture = 0; picture < x.dim(0); ++picture) {
    for (int64_t row = 0; row < height; row += rows) {
      for (int64_t column = 0; column < width; column += columns) {
        runs.push_back({picture, row, std::min(rows, height - row), column,
                        std::min(columns, width - column)});
      }
    }
  }
  return runs;
}

// All outputs of one run. weights [9, out, in].
void multiply_run(const RowKernels& kernels, const Tensor& bordered, const Tensor& weights,
                  const Tensor& bias, const Run& run, Tensor& out) {
  const int64_t channels = bordered.dim(3), outputs = out.dim(3);
  const int64_t line = bordered.dim(2);  // pixels from one row to the next
  const int64_t pixels = (run.rows - 1) * line + run.columns;
  const float* corner = bordered.data() + run.picture * bordered.dim(1) * line * channels;
  float* sums = scratch(Scratch::kConvolutionRun, pixels * outputs);
  for (int64_t tap = 0; tap < kTaps; ++tap) {
    const float* moved = corner + ((run.row + tap / 3) * line + run.column + tap % 3) * channels;
    const float* tap_weights = weights.data() + tap * outputs * channels;
    gemm_nt(pixels, outputs, channels, {moved, channels}, {tap_weights, channels},
            tap == 0 ? 0.0f : 1.0f, {sums, outputs});
  }
  // Between the rows of a run stand sums that belong to no output: those of the border.
  for (int64_t row = 0; row < run.rows; ++row) {
    const int64_t first = (run.picture * out.dim(1) + run.row + row) * out.dim(2) + run.column;
    float* target = out.data() + first * outputs;
    copy_floats(target, sums + row * line * outputs, run.columns * outputs);
    if (bias.empty()) continue;
    for (int64_t column = 0; column < run.columns; ++column) {
      kernels.add(target + column * outputs, bias.data(), outputs);
    }
  }
}

// weight [out, in, 3, 3] -> [9, out, in], row by row of the kernel.
Tensor weights_by_tap(const RowKernels& kernels, const Weight& weight) {
  const int64_t outputs = weight.shape()[0], inputs = weight.shape()[1];
  Tensor taps(Shape{kTaps, outputs, inputs});
  parallel_for(outputs, [&](int64_t output) {
    float* row = scratch(Scratch::kWeightPanel, inputs * kTaps);
    convert_block(kernels, weight, output, 1, 0, inputs * kTaps, row);
    for (int64_t tap = 0; tap < kTaps; ++tap) {
      float* target = taps.data() + (tap * outputs + output) * inputs;
      for (int64_t input = 0; input < inputs; ++input) target[input] = row[input * kTaps + tap];
    }
  });
  return taps;
}

}  // namespace

Tensor tap_conv2d(const RowKernels& kernels, const Tensor& x, const Conv2d& layer) {
  const Tensor weights = weights_by_tap(kernels, layer.weight);
  const Tensor bordered = with_border(x);
  Tensor out(Shape{x.dim(0), x.dim(1), x.dim(2), layer.weight.shape()[0]});
  const std::vector<Run> runs = runs_of(x);
  parallel_for(static_cast<int64_t>(runs.size()), [&](int64_t i) {
    multiply_run(kernels, bordered, weights, layer.bias, runs[static_cast<size_t>(i)], out);
  });
  return out;
}

}  // namespace zanime::ops::cpu
