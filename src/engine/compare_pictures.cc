#include "engine/compare_pictures.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>

#include "base/error.h"

namespace zanime::engine {

PictureDistance distance_of(std::span<const uint8_t> a, std::span<const uint8_t> b) {
  if (a.size() != b.size() || a.empty()) {
    throw Error(ErrorKind::kInternal, "pictures of different sizes are compared");
  }
  PictureDistance distance;
  double squares = 0.0;
  for (size_t i = 0; i < a.size(); ++i) {
    const int difference = std::abs(static_cast<int>(a[i]) - static_cast<int>(b[i]));
    distance.largest = std::max(distance.largest, difference);
    squares += difference * difference;
  }
  distance.psnr = 10.0 * std::log10(255.0 * 255.0 * static_cast<double>(a.size()) / squares);
  return distance;
}

}  // namespace zanime::engine
