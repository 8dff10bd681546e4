#include "pictures/mask_planes.h"

namespace zanime::pictures {
namespace {
constexpr int64_t kGreyCopies = 3;
}

const std::vector<std::string>& mask_channels() {
  static const std::vector<std::string> kChannels{"alpha", "red", "green", "blue"};
  return kChannels;
}

Tensor colour_plane(const Tensor& pixels, const std::string& colour) {
  const int64_t offset = colour == "red" ? 0 : colour == "green" ? 1 : colour == "blue" ? 2 : 3;
  const int64_t channels = pixels.dim(3);
  Tensor plane(Shape{pixels.dim(0), pixels.dim(1), pixels.dim(2)});
  for (int64_t i = 0; i < plane.size(); ++i) {
    plane.data()[i] = pixels.data()[channels * i + offset];
  }
  return plane;
}

Tensor grey_pixels(const Tensor& mask) {
  Tensor pixels(Shape{mask.dim(0), mask.dim(1), mask.dim(2), kGreyCopies});
  for (int64_t i = 0; i < pixels.size(); ++i) pixels.data()[i] = mask.data()[i / kGreyCopies];
  return pixels;
}

}  // namespace zanime::pictures
