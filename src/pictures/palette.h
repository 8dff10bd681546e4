// Pictures in few colours: the palette that suits a picture, and the nearest of its colours for
// each pixel. The results are Pillow's, whose rules are stated here.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "base/tensor.h"

namespace zanime::pictures {

using Colour8 = std::array<uint8_t, 3>;  // red, green, blue

// A picture in 8 bits.
struct Picture24 {
  int64_t height = 0, width = 0;
  std::vector<Colour8> pixels;
};

// At most `count` colours by median cut (Heckbert 1982): the box of colours with the most pixels is
// cut where half of them lie on either side, along the axis with the largest extent (green counts
// almost twice as much as red, blue a third). A palette colour is the mean of its box.
std::vector<Colour8> median_cut(const Picture24& picture, int64_t count);

// Each pixel's nearest palette colour, looked up in steps of four levels; the first of equally near
// ones counts.
Picture24 nearest_colours(const Picture24& picture, const std::vector<Colour8>& palette);
// The same with what a pixel misses handed on to its neighbours (Floyd and Steinberg 1976).
Picture24 diffused_colours(const Picture24& picture, const std::vector<Colour8>& palette);
// The same after an ordered pattern of order x order (a power of 2) was added (Bayer 1973). It is
// the stronger the fewer colours there are.
Picture24 ordered_colours(const Picture24& picture, const std::vector<Colour8>& palette,
                          int64_t order);

// "none", "floyd-steinberg", "bayer-2" to "bayer-16".
std::vector<std::string> dither_methods();
// Pictures [batch, height, width, 3], each with a palette of its own.
Tensor quantise(const Tensor& pixels, int64_t colours, const std::string& dither);

}  // namespace zanime::pictures
