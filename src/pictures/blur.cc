#include "pictures/blur.h"

#include <cmath>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/parallel.h"

namespace zanime::pictures {
namespace {

// A Gaussian over two axes is the product of one along each.
std::vector<float> gaussian_taps(int64_t radius, double sigma) {
  std::vector<double> taps;
  double sum = 0;
  for (int64_t i = -radius; i <= radius; ++i) {
    const double distance = static_cast<double>(i) / static_cast<double>(radius);
    taps.push_back(std::exp(-distance * distance / (2 * sigma * sigma)));
    sum += taps.back();
  }
  std::vector<float> scaled;
  for (const double tap : taps) scaled.push_back(static_cast<float>(tap / sum));
  return scaled;
}

// Where a place before the first or after the last is found in a mirror on the edge.
int64_t mirrored(int64_t place, int64_t size) {
  place = std::abs(place);
  return place < size ? place : 2 * (size - 1) - place;
}

void blur_row(const float* row, int64_t width, const std::vector<float>& taps,
              std::vector<float>& wide, float* out) {
  const auto radius = static_cast<int64_t>(taps.size() / 2);
  wide.resize(static_cast<size_t>(width + 2 * radius));
  for (int64_t x = -radius; x < width + radius; ++x) {
    wide[static_cast<size_t>(x + radius)] = row[mirrored(x, width)];
  }
  std::fill_n(out, width, 0.0f);
  for (size_t k = 0; k < taps.size(); ++k) {
    const float* from = wide.data() + k;
    for (int64_t x = 0; x < width; ++x) out[x] += taps[k] * from[x];
  }
}

}  // namespace

Tensor blur_planes(const Tensor& planes, int64_t radius, double sigma) {
  const int64_t height = planes.dim(2), width = planes.dim(3);
  if (height <= radius || width <= radius) {
    throw Error(ErrorKind::kGraph, "a radius of " + std::to_string(radius) +
                                       " needs sides that are longer than it, but this is " +
                                       std::to_string(width) + " x " + std::to_string(height) +
                                       "; lower the radius");
  }
  const std::vector<float> taps = gaussian_taps(radius, sigma);
  const int64_t lines = planes.size() / width;
  Tensor across(planes.shape());
  parallel_for(lines, [&](int64_t line) {
    thread_local std::vector<float> wide;
    blur_row(planes.data() + line * width, width, taps, wide, across.data() + line * width);
  });
  Tensor out(planes.shape());
  parallel_for(lines, [&](int64_t line) {
    const int64_t y = line % height;
    const float* plane = across.data() + (line - y) * width;
    float* target = out.data() + line * width;
    std::fill_n(target, width, 0.0f);
    for (int64_t k = -radius; k <= radius; ++k) {
      const float tap = taps[static_cast<size_t>(k + radius)];
      const float* row = plane + mirrored(y + k, height) * width;
      for (int64_t x = 0; x < width; ++x) target[x] += tap * row[x];
    }
  });
  return out;
}

Tensor sharpen_planes(const Tensor& planes, int64_t radius, double sigma, double alpha) {
  Tensor out = blur_planes(planes, radius, sigma);
  const auto amount = static_cast<float>(10 * alpha);
  for (int64_t i = 0; i < out.size(); ++i) {
    const float value = planes.data()[i];
    out.data()[i] = value + amount * (value - out.data()[i]);
  }
  return out;
}

}  // namespace zanime::pictures
