#include "pictures/edges.h"

#include <array>
#include <cmath>
#include <cstdlib>
#include <numbers>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/parallel.h"
#include "pictures/blur.h"
#include "pictures/colour.h"

namespace zanime::pictures {
namespace {

struct Offset {
  int64_t down, right;
};
// Neighbours in steps of 45 degrees, from the right on clockwise (rows go down).
constexpr std::array<Offset, 8> kNeighbours = {
    {{0, 1}, {1, 1}, {1, 0}, {1, -1}, {0, -1}, {-1, -1}, {-1, 0}, {-1, 1}}};

// Grey of one picture after the small Gaussian.
class Plane {
 public:
  Plane(int64_t height, int64_t width)
      : height_(height), width_(width), values_(static_cast<size_t>(height * width)) {}

  int64_t height() const { return height_; }
  int64_t width() const { return width_; }
  float& at(int64_t y, int64_t x) { return values_[static_cast<size_t>(y * width_ + x)]; }
  float at(int64_t y, int64_t x) const { return values_[static_cast<size_t>(y * width_ + x)]; }
  // The nearest place of the plane.
  float clamped(int64_t y, int64_t x) const {
    return at(std::clamp<int64_t>(y, 0, height_ - 1), std::clamp<int64_t>(x, 0, width_ - 1));
  }
  // 0 outside.
  float or_zero(int64_t y, int64_t x) const {
    return y < 0 || x < 0 || y >= height_ || x >= width_ ? 0.0f : at(y, x);
  }

 private:
  int64_t height_, width_;
  std::vector<float> values_;
};

struct Gradient {
  Plane strength;
  std::vector<uint8_t> direction;  // the neighbour it points to
};

Gradient sobel(const Plane& grey) {
  constexpr float kSmall = 1e-6f;  // keeps the root away from 0
  const int64_t height = grey.height(), width = grey.width();
  Gradient out{Plane(height, width), std::vector<uint8_t>(static_cast<size_t>(height * width))};
  parallel_for(height, [&](int64_t y) {
    for (int64_t x = 0; x < width; ++x) {
      const auto v = [&](int64_t down, int64_t right) { return grey.clamped(y + down, x + right); };
      const float across = v(-1, 1) - v(-1, -1) + 2 * (v(0, 1) - v(0, -1)) + v(1, 1) - v(1, -1);
      const float down = v(1, -1) - v(-1, -1) + 2 * (v(1, 0) - v(-1, 0)) + v(1, 1) - v(-1, 1);
      out.strength.at(y, x) = std::sqrt(across * across + down * down + kSmall);
      const float degrees = 180.0f * std::atan2(down, across) / std::numbers::pi_v<float>;
      const auto eighth = static_cast<int64_t>(std::nearbyint(degrees / 45.0f));
      out.direction[static_cast<size_t>(y * width + x)] = static_cast<uint8_t>((eighth + 8) % 8);
    }
  });
  return out;
}

// What is not larger than both neighbours along the gradient becomes 0.
Plane ridges(const Gradient& gradient) {
  const Plane& strength = gradient.strength;
  Plane out(strength.height(), strength.width());
  parallel_for(out.height(), [&](int64_t y) {
    for (int64_t x = 0; x < out.width(); ++x) {
      const uint8_t direction = gradient.direction[static_cast<size_t>(y * out.width() + x)];
      const Offset& ahead = kNeighbours[direction];
      const float here = strength.at(y, x);
      const bool largest = here > strength.or_zero(y + ahead.down, x + ahead.right) &&
                           here > strength.or_zero(y - ahead.down, x - ahead.right);
      out.at(y, x) = largest ? here : 0.0f;
    }
  });
  return out;
}

// 1 where a ridge is above `high`, and where it is above `low` and reached from there.
void follow_edges(const Plane& ridge, float low, float high, float* edges) {
  const int64_t height = ridge.height(), width = ridge.width();
  std::vector<std::pair<int64_t, int64_t>> open;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const bool strong = ridge.at(y, x) > low && ridge.at(y, x) > high;
      edges[y * width + x] = strong ? 1.0f : 0.0f;
      if (strong) open.emplace_back(y, x);
    }
  }
  while (!open.empty()) {
    const auto [y, x] = open.back();
    open.pop_back();
    for (const Offset& step : kNeighbours) {
      const int64_t down = y + step.down, right = x + step.right;
      if (ridge.or_zero(down, right) <= low) continue;
      float& edge = edges[down * width + right];
      if (edge != 0.0f) continue;
      edge = 1.0f;
      open.emplace_back(down, right);
    }
  }
}

}  // namespace

Tensor canny_edges(const Tensor& pixels, double low, double high) {
  if (low > high) {
    throw Error(ErrorKind::kGraph,
                "`low_threshold` must not be larger than `high_threshold`; swap them");
  }
  // blur_planes counts in radii: a deviation of one place is half a radius of two.
  const Tensor grey = grey_of(pixels);
  const Tensor blurred =
      blur_planes(grey.reshaped({grey.dim(0), int64_t{1}, grey.dim(1), grey.dim(2)}), 2, 0.5);
  const int64_t height = pixels.dim(1), width = pixels.dim(2);
  Tensor edges(grey.shape());
  for (int64_t i = 0; i < pixels.dim(0); ++i) {
    Plane plane(height, width);
    std::copy_n(blurred.data() + i * height * width, height * width, &plane.at(0, 0));
    follow_edges(ridges(sobel(plane)), static_cast<float>(low), static_cast<float>(high),
                 edges.data() + i * height * width);
  }
  return edges;
}

}  // namespace zanime::pictures
