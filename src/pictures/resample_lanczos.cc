#include "pictures/resample_lanczos.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "base/parallel.h"

namespace zanime::pictures {
namespace {

constexpr double kLobes = 3.0;
constexpr int kWeightBits = 22;

double sinc(double x) {
  if (x == 0.0) return 1.0;
  x *= std::numbers::pi;
  return std::sin(x) / x;
}

double lanczos(double x) { return std::abs(x) < kLobes ? sinc(x) * sinc(x / kLobes) : 0.0; }

// A new pixel: weights of the old pixels from `first` on, in units of 2^-22.
struct Taps {
  int64_t first = 0;
  std::vector<int32_t> weights;
};

std::vector<Taps> lanczos_taps(int64_t size, int64_t new_size) {
  const double scale = static_cast<double>(size) / static_cast<double>(new_size);
  const double stretch = std::max(scale, 1.0);  // when shrinking, the filter widens
  const double support = kLobes * stretch;
  std::vector<Taps> all(static_cast<size_t>(new_size));
  for (int64_t i = 0; i < new_size; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const int64_t first = std::max<int64_t>(static_cast<int64_t>(centre - support + 0.5), 0);
    const int64_t end = std::min(static_cast<int64_t>(centre + support + 0.5), size);
    std::vector<double> weights;
    double sum = 0;
    for (int64_t k = first; k < end; ++k) {
      weights.push_back(lanczos((static_cast<double>(k) - centre + 0.5) * (1.0 / stretch)));
      sum += weights.back();
    }
    Taps& taps = all[static_cast<size_t>(i)];
    taps.first = first;
    for (double weight : weights) {
      if (sum != 0.0) weight /= sum;
      const double whole = weight * (1 << kWeightBits);
      taps.weights.push_back(static_cast<int32_t>(whole < 0 ? whole - 0.5 : whole + 0.5));
    }
  }
  return all;
}

uint8_t to_8bit(int64_t sum) {
  return static_cast<uint8_t>(std::clamp<int64_t>(sum >> kWeightBits, 0, 255));
}

struct Picture8 {
  int64_t height = 0, width = 0, channels = 0;
  std::vector<uint8_t> values;  // [height, width, channels]

  Picture8(int64_t rows, int64_t columns, int64_t per_pixel)
      : height(rows),
        width(columns),
        channels(per_pixel),
        values(static_cast<size_t>(rows * columns * per_pixel)) {}
};

// In steps of `step` along an axis, for one position on the others.
uint8_t weighted(const Taps& taps, const uint8_t* source, int64_t step) {
  int64_t sum = int64_t{1} << (kWeightBits - 1);
  source += taps.first * step;
  for (const int32_t weight : taps.weights) {
    sum += int64_t{*source} * weight;
    source += step;
  }
  return to_8bit(sum);
}

Picture8 resize_across(const Picture8& in, int64_t new_width) {
  const std::vector<Taps> taps = lanczos_taps(in.width, new_width);
  Picture8 out(in.height, new_width, in.channels);
  parallel_for(in.height, [&](int64_t y) {
    const uint8_t* row = in.values.data() + y * in.width * in.channels;
    uint8_t* target = out.values.data() + y * new_width * in.channels;
    for (const Taps& pixel : taps) {
      for (int64_t c = 0; c < in.channels; ++c) *target++ = weighted(pixel, row + c, in.channels);
    }
  });
  return out;
}

Picture8 resize_down(const Picture8& in, int64_t new_height) {
  const std::vector<Taps> taps = lanczos_taps(in.height, new_height);
  const int64_t row_size = in.width * in.channels;
  Picture8 out(new_height, in.width, in.channels);
  parallel_for(new_height, [&](int64_t y) {
    uint8_t* target = out.values.data() + y * row_size;
    for (int64_t i = 0; i < row_size; ++i) {
      target[i] = weighted(taps[static_cast<size_t>(y)], in.values.data() + i, row_size);
    }
  });
  return out;
}

}  // namespace

Tensor resize_lanczos(const Tensor& pixels, int64_t new_height, int64_t new_width) {
  const int64_t height = pixels.dim(1), width = pixels.dim(2), channels = pixels.dim(3);
  Tensor out({pixels.dim(0), new_height, new_width, channels});
  float* target = out.data();
  for (int64_t i = 0; i < pixels.dim(0); ++i) {
    Picture8 picture(height, width, channels);
    const float* source = pixels.data() + i * height * width * channels;
    for (uint8_t& value : picture.values) {
      // Comparisons in this order make NaN a 0.
      const float scaled = 255.0f * *source++;
      value = scaled >= 255.0f ? 255 : scaled > 0.0f ? static_cast<uint8_t>(scaled) : 0;
    }
    if (new_width != width) picture = resize_across(picture, new_width);
    if (new_height != height) picture = resize_down(picture, new_height);
    for (const uint8_t value : picture.values) *target++ = static_cast<float>(value) / 255.0f;
  }
  return out;
}

}  // namespace zanime::pictures
