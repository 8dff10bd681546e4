// From a JPEG's coefficients to pixels with FFmpeg's rounding, which is not libjpeg's: the
// reference decodes with FFmpeg, and sampling makes visible what a last bit does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace zanime::pictures {

// One component: whole blocks of 8 x 8, of which width x height belong to the picture.
struct JpegPlane {
  int64_t width = 0, height = 0;
  int64_t stride = 0;
  std::vector<uint8_t> values;

  const uint8_t* row(int64_t y) const { return values.data() + y * stride; }
};

// The inverse cosine transform of one block of dequantised coefficients, row by row, into 8 rows of
// `stride`. Two passes in whole numbers, weights of 14 bits: FFmpeg's "simple" transform, to the
// bit.
void inverse_transform(std::span<const int16_t, 64> coefficients, uint8_t* out, int64_t stride);

// Y, Cb, Cr (JFIF: BT.601, full range) of a picture, Cb and Cr of equal size: all of it or half of
// it (rounded up) along an axis -> RGB, [height, width, 3], values n / 255. To the bit as FFmpeg
// for chroma of full size, and for halved chroma and an even height, where each value serves a 2 x
// 2 square; for an odd height, where chroma is interpolated, within two levels.
std::vector<float> ycc_to_rgb(const JpegPlane& luma, const JpegPlane& blue, const JpegPlane& red);

}  // namespace zanime::pictures
