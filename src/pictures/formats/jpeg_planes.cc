#include "pictures/formats/jpeg_planes.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "base/parallel.h"

namespace zanime::pictures {
namespace {

// 2^14 sqrt(2) cos(i pi / 16), i = 1 to 7; the fourth is one less than the formula's.
constexpr std::array<int64_t, 8> kCosine{0, 22725, 21407, 19266, 16383, 12873, 8867, 4520};

// The eight sums of one row or column, `bias` in the unit of the products.
std::array<int64_t, 8> transform_line(const int16_t* in, int64_t step, int64_t bias) {
  const auto product = [&](int weight, int index) {
    return kCosine[static_cast<size_t>(weight)] * in[index * step];
  };
  const int64_t base = product(4, 0) + bias;
  const std::array<int64_t, 4> even{
      base + product(2, 2) + product(4, 4) + product(6, 6),
      base + product(6, 2) - product(4, 4) - product(2, 6),
      base - product(6, 2) - product(4, 4) + product(2, 6),
      base - product(2, 2) + product(4, 4) - product(6, 6),
  };
  const std::array<int64_t, 4> odd{
      product(1, 1) + product(3, 3) + product(5, 5) + product(7, 7),
      product(3, 1) - product(7, 3) - product(1, 5) - product(5, 7),
      product(5, 1) - product(1, 3) + product(7, 5) + product(3, 7),
      product(7, 1) - product(5, 3) + product(3, 5) - product(1, 7),
  };
  std::array<int64_t, 8> sums;
  for (size_t i = 0; i < 4; ++i) {
    sums[i] = even[i] + odd[i];
    sums[7 - i] = even[i] - odd[i];
  }
  return sums;
}

// Of Cr in R, of Cb in G, of Cr in G, of Cb in B, times 2^13.
constexpr int kRedCr = 11485, kGreenCb = -2819, kGreenCr = -5850, kBlueCb = 14516;

float from_level(int64_t level) {
  return static_cast<float>(std::clamp<int64_t>(level, 0, 255)) / 255.0f;
}

// Each product is cut to a whole number by itself.
void convert_row_cutting(const uint8_t* luma, const uint8_t* blue, const uint8_t* red,
                         int64_t width, float* out) {
  const auto part = [](int chroma, int weight) { return (chroma * 8 * weight) >> 16; };
  for (int64_t x = 0; x < width; ++x) {
    const int cb = blue[x / 2] - 128, cr = red[x / 2] - 128;
    *out++ = from_level(luma[x] + part(cr, kRedCr));
    *out++ = from_level(luma[x] + part(cb, kGreenCb) + part(cr, kGreenCr));
    *out++ = from_level(luma[x] + part(cb, kBlueCb));
  }
}

// Between two chroma values, along one axis.
struct ChromaTap {
  int64_t first = 0, second = 0;
  double second_weight = 0;
};

std::vector<ChromaTap> chroma_taps(int64_t size, int64_t chroma_size, bool interpolate) {
  std::vector<ChromaTap> taps(static_cast<size_t>(size));
  const double ratio = static_cast<double>(chroma_size) / static_cast<double>(size);
  for (int64_t i = 0; i < size; ++i) {
    ChromaTap& tap = taps[static_cast<size_t>(i)];
    if (!interpolate) {
      tap.first = tap.second = chroma_size == size ? i : i / 2;
      continue;
    }
    const double position = std::clamp((static_cast<double>(i) + 0.5) * ratio - 0.5, 0.0,
                                       static_cast<double>(chroma_size - 1));
    tap.first = static_cast<int64_t>(position);
    tap.second = std::min(tap.first + 1, chroma_size - 1);
    tap.second_weight = position - static_cast<double>(tap.first);
  }
  return taps;
}

double chroma_at(const JpegPlane& plane, const ChromaTap& down, const ChromaTap& across) {
  const auto between = [&](int64_t y) {
    const uint8_t* row = plane.row(y);
    return row[across.first] + across.second_weight * (row[across.second] - row[across.first]);
  };
  const double above = between(down.first);
  return above + down.second_weight * (between(down.second) - above) - 128.0;
}

}  // namespace

void inverse_transform(std::span<const int16_t, 64> coefficients, uint8_t* out, int64_t stride) {
  constexpr int kRowBits = 11, kColumnBits = 20;
  std::array<int16_t, 64> rows;
  for (size_t y = 0; y < 8; ++y) {
    const auto sums = transform_line(coefficients.data() + 8 * y, 1, 1 << (kRowBits - 1));
    for (size_t x = 0; x < 8; ++x) rows[8 * y + x] = static_cast<int16_t>(sums[x] >> kRowBits);
  }
  // Half a unit, as a whole multiple of the first weight.
  constexpr int64_t kBias = (1 << (kColumnBits - 1)) / kCosine[4] * kCosine[4];
  for (size_t x = 0; x < 8; ++x) {
    const auto sums = transform_line(rows.data() + x, 8, kBias);
    for (size_t y = 0; y < 8; ++y) {
      out[static_cast<int64_t>(y) * stride + static_cast<int64_t>(x)] =
          static_cast<uint8_t>(std::clamp<int64_t>(sums[y] >> kColumnBits, 0, 255));
    }
  }
}

std::vector<float> ycc_to_rgb(const JpegPlane& luma, const JpegPlane& blue, const JpegPlane& red) {
  const int64_t width = luma.width, height = luma.height;
  const bool halved_across = blue.width != width, halved_down = blue.height != height;
  std::vector<float> rgb(static_cast<size_t>(width * height * 3));
  if (halved_across && height % 2 == 0) {
    parallel_for(height, [&](int64_t y) {
      const int64_t chroma_y = halved_down ? y / 2 : y;
      convert_row_cutting(luma.row(y), blue.row(chroma_y), red.row(chroma_y), width,
                          rgb.data() + y * width * 3);
    });
    return rgb;
  }
  const auto down = chroma_taps(height, blue.height, halved_down);
  const auto across = chroma_taps(width, blue.width, halved_across && width % 2 != 0);
  parallel_for(height, [&](int64_t y) {
    float* out = rgb.data() + y * width * 3;
    for (int64_t x = 0; x < width; ++x) {
      const ChromaTap& row = down[static_cast<size_t>(y)];
      const ChromaTap& column = across[static_cast<size_t>(x)];
      const double cb = chroma_at(blue, row, column), cr = chroma_at(red, row, column);
      const auto level = [&](double part) {
        return from_level(static_cast<int64_t>(std::floor(luma.row(y)[x] + part / 8192.0 + 0.5)));
      };
      *out++ = level(kRedCr * cr);
      *out++ = level(kGreenCb * cb + kGreenCr * cr);
      *out++ = level(kBlueCb * cb);
    }
  });
  return rgb;
}

}  // namespace zanime::pictures
