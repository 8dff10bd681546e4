#include "pictures/colour.h"

#include <algorithm>
#include <array>

#include "base/parallel.h"
#include "pictures/power.h"

namespace zanime::pictures {
namespace {

constexpr int64_t kColourGrain = 1 << 14;  // pixels at a time

using Triple = std::array<float, 3>;

template <class Convert>
Tensor convert_pixels(const Tensor& pixels, const Convert& convert) {
  const int64_t channels = pixels.dim(3);
  Tensor out(Shape{pixels.dim(0), pixels.dim(1), pixels.dim(2), 3});
  parallel_for_ranges(pixels.size() / channels, kColourGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) {
      const float* in = pixels.data() + i * channels;
      const Triple converted = convert({in[0], in[1], in[2]});
      std::copy_n(converted.data(), 3, out.data() + 3 * i);
    }
  });
  return out;
}

float luma(const Triple& rgb) { return 0.299f * rgb[0] + 0.587f * rgb[1] + 0.114f * rgb[2]; }

float from_linear(float value) {
  return value > 0.0031308f ? 1.055f * power_of(value, 1 / 2.4f) - 0.055f : 12.92f * value;
}

constexpr Triple kWhite = {0.95047f, 1.0f, 1.08883f};

// The root of CIE 1976, straight near black.
float lab_root(float value) {
  return value > 0.008856f ? power_of(value, 1.0f / 3.0f) : 7.787f * value + 4.0f / 29.0f;
}
float lab_cube(float value) {
  return value > 0.2068966f ? value * value * value : (value - 4.0f / 29.0f) / 7.787f;
}

Triple lab_of(const Triple& rgb) {
  const float r = srgb_to_linear(rgb[0]), g = srgb_to_linear(rgb[1]), b = srgb_to_linear(rgb[2]);
  const float x = lab_root((0.412453f * r + 0.357580f * g + 0.180423f * b) / kWhite[0]);
  const float y = lab_root((0.212671f * r + 0.715160f * g + 0.072169f * b) / kWhite[1]);
  const float z = lab_root((0.019334f * r + 0.119193f * g + 0.950227f * b) / kWhite[2]);
  return {116 * y - 16, 500 * (x - y), 200 * (y - z)};
}

Triple rgb_of(const Triple& lab) {
  const float fy = (lab[0] + 16) / 116, fx = lab[1] / 500 + fy;
  const float fz = std::max(fy - lab[2] / 200, 0.0f);
  const float x = lab_cube(fx) * kWhite[0], y = lab_cube(fy) * kWhite[1];
  const float z = lab_cube(fz) * kWhite[2];
  const Triple linear = {3.2404814f * x - 1.5371515f * y - 0.4985363f * z,
                         -0.9692550f * x + 1.8759900f * y + 0.0415559f * z,
                         0.0556466f * x - 0.2040413f * y + 1.0573111f * z};
  Triple rgb;
  for (size_t c = 0; c < 3; ++c) rgb[c] = std::clamp(from_linear(linear[c]), 0.0f, 1.0f);
  return rgb;
}

}  // namespace

float srgb_to_linear(float value) {
  return value > 0.04045f ? power_of((value + 0.055f) / 1.055f, 2.4f) : value / 12.92f;
}

Tensor grey_of(const Tensor& pixels) {
  const int64_t channels = pixels.dim(3);
  Tensor grey(Shape{pixels.dim(0), pixels.dim(1), pixels.dim(2)});
  for (int64_t i = 0; i < grey.size(); ++i) {
    const float* in = pixels.data() + i * channels;
    grey.data()[i] = luma({in[0], in[1], in[2]});
  }
  return grey;
}

Tensor rgb_to_ycbcr(const Tensor& pixels) {
  return convert_pixels(pixels, [](const Triple& rgb) -> Triple {
    const float y = luma(rgb);
    return {y, (rgb[2] - y) * 0.564f + 0.5f, (rgb[0] - y) * 0.713f + 0.5f};
  });
}

Tensor ycbcr_to_rgb(const Tensor& pixels) {
  return convert_pixels(pixels, [](const Triple& ycbcr) -> Triple {
    const float y = ycbcr[0], cb = ycbcr[1] - 0.5f, cr = ycbcr[2] - 0.5f;
    return {y + 1.403f * cr, y - 0.714f * cr - 0.344f * cb, y + 1.773f * cb};
  });
}

Tensor rgb_to_lab(const Tensor& pixels) { return convert_pixels(pixels, lab_of); }
Tensor lab_to_rgb(const Tensor& lab) { return convert_pixels(lab, rgb_of); }

}  // namespace zanime::pictures
