// How far apart two pictures are.
#pragma once

#include <cstdint>
#include <span>

namespace zanime::engine {

struct PictureDistance {
  double psnr = 0.0;  // peak signal-to-noise ratio in dB; infinite where they are equal
  int largest = 0;    // largest difference of an 8-bit value
};

// Of 8-bit values, as many in each. psnr = 10 log10(255^2 / mean squared difference).
PictureDistance distance_of(std::span<const uint8_t> a, std::span<const uint8_t> b);

}  // namespace zanime::engine
