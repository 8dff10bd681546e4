// Powers of positive numbers, as exact as colours need and several times as fast as std::pow.
#pragma once

#include <bit>
#include <cstdint>

namespace zanime::pictures {

// log2(x) of a positive, normal x: the exponent, and the series of the area hyperbolic tangent for
// what is left of it. Absolute error below 2e-7 next to the rounding of the result.
inline float log2_of(float x) {
  constexpr uint32_t kSqrtHalf = 0x3f3504f3;  // the bits of sqrt(1/2), where the series begins
  const uint32_t offset = std::bit_cast<uint32_t>(x) - kSqrtHalf;
  const auto exponent = static_cast<float>(static_cast<int32_t>(offset) >> 23);
  const float m = std::bit_cast<float>((offset & 0x007fffff) + kSqrtHalf);
  const float t = (m - 1.0f) / (m + 1.0f), s = t * t;
  // 2 / ln 2 divided by 1, 3, 5, 7 and 9
  const float series =
      2.8853900f + s * (0.9617967f + s * (0.5770780f + s * (0.4121986f + s * 0.3205989f)));
  return exponent + t * series;
}

// 2^y for y from -126 to 127: the power of the whole part, and Taylor's series for the rest.
// Relative error below 3e-7.
inline float exp2_of(float y) {
  const auto whole = static_cast<int32_t>(y + (y < 0.0f ? -0.5f : 0.5f));
  const float f = y - static_cast<float>(whole);
  const float series =
      1.0f +
      f * (0.69314718f +
           f * (0.24022651f + f * (0.055504109f + f * (0.0096181291f +
                                                       f * (0.0013333558f + f * 0.00015403530f)))));
  return series * std::bit_cast<float>((whole + 127) << 23);
}

// x^p of a positive, normal x, where the result is a normal number too. Relative error below
// 1e-6 + 1e-7 |p log2 x|.
inline float power_of(float x, float p) { return exp2_of(p * log2_of(x)); }

}  // namespace zanime::pictures
