#include "ops/cpu/tap_convolution.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "base/parallel.h"
#include "ops/cpu/gemm.h"
#include "ops/cpu/parameter.h"
#include "ops/cpu/scratch.h"
#include "ops/cpu/weight_block.h"

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
Tensor with_border(const RowKernels& kernels, const PictureLines& lines) {
  const int64_t height = lines.height(), width = lines.width(), channels = lines.channels();
  Tensor out(Shape{lines.x.dim(0), height + 2, width + 2, channels});
  parallel_for(lines.x.dim(0) * (height + 2), [&](int64_t line) {
    const int64_t picture = line / (height + 2), row = line % (height + 2) - 1;
    const float* stored = row < 0 || row >= height ? nullptr : lines.stored(picture, row);
    read_line(kernels, lines, picture, stored, 1, 1, out.data() + line * (width + 2) * channels);
  });
  return out;
}

// One tap of a product: its weights [out, in], and how far its input lies from the output's place
// in the bordered picture.
struct Tap {
  const float* weights;
  int64_t row;
  int64_t column;
};

// The output pixels of one phase: (row * step + row_offset, column * step + column_offset).
struct Phase {
  std::vector<Tap> taps;
  int64_t step = 1;
  int64_t row_offset = 0;
  int64_t column_offset = 0;
};

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

// All outputs of one phase in one run.
void multiply_run(const RowKernels& kernels, const Tensor& bordered, const Tensor& bias,
                  const Phase& phase, const Run& run, Tensor& out) {
  const int64_t channels = bordered.dim(3), outputs = out.dim(3);
  const int64_t line = bordered.dim(2);  // pixels from one row to the next
  const int64_t pixels = (run.rows - 1) * line + run.columns;
  const float* corner = bordered.data() + run.picture * bordered.dim(1) * line * channels;
  float* sums = scratch<float>(Scratch::kConvolutionRun, pixels * outputs);
  float beta = 0.0f;
  for (const Tap& tap : phase.taps) {
    const float* moved = corner + ((run.row + tap.row) * line + run.column + tap.column) * channels;
    gemm_nt(pixels, outputs, channels, {moved, channels}, {tap.weights, channels}, beta,
            {sums, outputs});
    beta = 1.0f;
  }
  // Between the rows of a run stand sums that belong to no output: those of the border.
  for (int64_t row = 0; row < run.rows; ++row) {
    const int64_t out_row = (run.row + row) * phase.step + phase.row_offset;
    for (int64_t column = 0; column < run.columns; ++column) {
      const int64_t out_column = (run.column + column) * phase.step + phase.column_offset;
      float* pixel =
          out.data() + ((run.picture * out.dim(1) + out_row) * out.dim(2) + out_column) * outputs;
      copy_floats(pixel, sums + (row * line + column) * outputs, outputs);
      if (!bias.empty()) kernels.add(pixel, bias.data(), outputs);
    }
  }
}

// weight [out, in, 3, 3] -> [9, out, in], row by row of the kernel.
Tensor weights_by_tap(const RowKernels& kernels, const weights::Weight& weight) {
  const int64_t outputs = weight.shape()[0], inputs = weight.shape()[1];
  Tensor taps(Shape{kTaps, outputs, inputs});
  parallel_for(outputs, [&](int64_t output) {
    float* row = scratch<float>(Scratch::kWeightPanel, inputs * kTaps);
    convert_block(kernels, weight, output, 1, 0, inputs * kTaps, row);
    for (int64_t tap = 0; tap < kTaps; ++tap) {
      float* target = taps.data() + (tap * outputs + output) * inputs;
      for (int64_t input = 0; input < inputs; ++input) target[input] = row[input * kTaps + tap];
    }
  });
  return taps;
}

void convolve(const RowKernels& kernels, const PictureLines& lines, const Conv2d& layer,
              const std::vector<Phase>& phases, Tensor& out) {
  const Tensor bordered = with_border(kernels, lines);
  const Tensor bias = parameter(kernels, layer.bias);
  const std::vector<Run> runs = runs_of(lines.x);
  const auto count = static_cast<int64_t>(phases.size());
  parallel_for(static_cast<int64_t>(runs.size()) * count, [&](int64_t i) {
    multiply_run(kernels, bordered, bias, phases[static_cast<size_t>(i % count)],
                 runs[static_cast<size_t>(i / count)], out);
  });
}

}  // namespace

void tap_conv2d(const RowKernels& kernels, const PictureLines& lines, const Conv2d& layer,
                Tensor& out) {
  const Tensor weights = weights_by_tap(kernels, layer.weight);
  Phase phase;
  for (int64_t tap = 0; tap < kTaps; ++tap) {
    phase.taps.push_back({weights.rows(tap, 1).data(), tap / 3, tap % 3});
  }
  convolve(kernels, lines, layer, {phase}, out);
}

Tensor tap_upsample_conv2d(const RowKernels& kernels, const Tensor& x, const Conv2d& layer) {
  const Tensor single = weights_by_tap(kernels, layer.weight);
  // Output row 2y sees input rows y - 1 (kernel row 0) and y (1 and 2); row 2y + 1 sees y (0 and 1)
  // and y + 1 (2). Columns likewise.
  static constexpr int64_t kFirst[2][2] = {{0, 1}, {0, 2}}, kCount[2][2] = {{1, 2}, {2, 1}};
  const int64_t size = single.dim(1) * single.dim(2);
  Tensor summed = Tensor::zeros(Shape{16, single.dim(1), single.dim(2)});
  parallel_for(16, [&](int64_t i) {
    const int64_t odd_row = i / 8, odd_column = i / 4 % 2, row = i / 2 % 2, column = i % 2;
    for (int64_t a = 0; a < kCount[odd_row][row]; ++a) {
      for (int64_t b = 0; b < kCount[odd_column][column]; ++b) {
        const int64_t tap = (kFirst[odd_row][row] + a) * 3 + kFirst[odd_column][column] + b;
        kernels.add(summed.data() + i * size, single.data() + tap * size, size);
      }
    }
  });
  std::vector<Phase> phases;
  for (int64_t odd_row = 0; odd_row < 2; ++odd_row) {
    for (int64_t odd_column = 0; odd_column < 2; ++odd_column) {
      Phase phase{{}, 2, odd_row, odd_column};
      for (int64_t tap = 0; tap < 4; ++tap) {
        const int64_t i = (odd_row * 2 + odd_column) * 4 + tap;
        phase.taps.push_back({summed.data() + i * size, odd_row + tap / 2, odd_column + tap % 2});
      }
      phases.push_back(std::move(phase));
    }
  }
  Tensor out(Shape{x.dim(0), 2 * x.dim(1), 2 * x.dim(2), layer.weight.shape()[0]});
  convolve(kernels, {x}, layer, phases, out);
  return out;
}

}  // namespace zanime::ops::cpu
