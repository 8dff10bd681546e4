#include "models/pixel_shuffle.h"

#include <algorithm>

#include "base/parallel.h"

namespace zanime::models {
namespace {

// Where a row or column of a mirrored picture comes from.
int64_t mirrored_index(int64_t index, int64_t size) {
  if (index < size) return index;
  return std::max<int64_t>(0, 2 * (size - 1) - index);
}

}  // namespace

Tensor pixel_shuffle(const Tensor& x, int64_t factor) {
  const int64_t height = x.dim(1), width = x.dim(2), area = factor * factor;
  const int64_t channels = x.dim(3) / area;
  Tensor out({x.dim(0), factor * height, factor * width, channels});
  parallel_for(x.dim(0) * height, [&](int64_t row) {
    for (int64_t i = 0; i < factor; ++i) {
      float* target = out.data() + (row * factor + i) * factor * width * channels;
      for (int64_t column = 0; column < width; ++column) {
        const float* pixel = x.data() + (row * width + column) * channels * area;
        for (int64_t j = 0; j < factor; ++j) {
          for (int64_t c = 0; c < channels; ++c) *target++ = pixel[c * area + i * factor + j];
        }
      }
    }
  });
  return out;
}

Tensor pixel_unshuffle(const Tensor& x, int64_t factor) {
  const int64_t height = x.dim(1) / factor, width = x.dim(2) / factor, area = factor * factor;
  const int64_t channels = x.dim(3);
  Tensor out({x.dim(0), height, width, channels * area});
  parallel_for(x.dim(0) * height, [&](int64_t row) {
    for (int64_t i = 0; i < factor; ++i) {
      const float* source = x.data() + (row * factor + i) * factor * width * channels;
      for (int64_t column = 0; column < width; ++column) {
        float* pixel = out.data() + (row * width + column) * channels * area;
        for (int64_t j = 0; j < factor; ++j) {
          for (int64_t c = 0; c < channels; ++c) pixel[c * area + i * factor + j] = *source++;
        }
      }
    }
  });
  return out;
}

Tensor mirrored_to_size(const Tensor& x, int64_t height, int64_t width) {
  if (x.dim(1) == height && x.dim(2) == width) return x;
  const int64_t channels = x.dim(3);
  Tensor out({x.dim(0), height, width, channels});
  for (int64_t row = 0; row < x.dim(0) * height; ++row) {
    const int64_t from = row / height * x.dim(1) + mirrored_index(row % height, x.dim(1));
    for (int64_t column = 0; column < width; ++column) {
      const int64_t pixel = from * x.dim(2) + mirrored_index(column, x.dim(2));
      std::copy_n(x.data() + pixel * channels, channels,
                  out.data() + (row * width + column) * channels);
    }
  }
  return out;
}

}  // namespace zanime::models
