// What nodes do to pictures, against independent computations: slow loops, exact cases, and ways
// there and back. tests/engine/node_golden_test.cc holds the same functions to the reference.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "pictures/axes.h"
#include "pictures/blend.h"
#include "pictures/blur.h"
#include "pictures/colour.h"
#include "pictures/colour_transfer.h"
#include "pictures/composite.h"
#include "pictures/edges.h"
#include "pictures/morphology.h"
#include "pictures/palette.h"
#include "pictures/picture_file.h"
#include "pictures/picture_reader.h"
#include "pictures/power.h"
#include "pictures/tiles.h"
#include "tests/support/random_tensor.h"
#include "tests/support/scratch_folder.h"

namespace zanime::pictures {
namespace {

using namespace zanime::testing;

// Uniform values 0 to 1.
Tensor random_pixels(Shape shape, uint32_t seed) {
  Tensor pixels = random_tensor(std::move(shape), seed);
  for (float& value : pixels.values()) value = 0.5f * (value + 1.0f);
  return pixels;
}

TEST(Axes, CutsAndJoinsAndTurnsBack) {
  const Tensor pixels = random_tensor({2, 5, 7, 3}, 1);
  for (int axis = 0; axis < 4; ++axis) {
    const int64_t size = pixels.dim(axis), middle = size / 2;
    const Tensor halves =
        join({slice(pixels, axis, 0, middle), slice(pixels, axis, middle, size - middle)}, axis);
    EXPECT_EQ(max_difference(halves, pixels), 0.0) << axis;
    EXPECT_EQ(max_difference(flip(flip(pixels, axis), axis), pixels), 0.0) << axis;
    const Tensor padded = pad(pixels, axis, 2, 1, 0.25f);
    EXPECT_EQ(max_difference(slice(padded, axis, 2, size), pixels), 0.0) << axis;
    EXPECT_EQ(slice(padded, axis, 0, 1).data()[0], 0.25f);
  }
  const Tensor turned = rotate(pixels, 1, 1);
  ASSERT_EQ(turned.shape(), (Shape{2, 7, 5, 3}));
  // Clockwise: what was lower left is upper left.
  EXPECT_EQ(turned.data()[0], pixels.data()[4 * 7 * 3]);
  EXPECT_EQ(max_difference(rotate(turned, 1, 3), pixels), 0.0);
  EXPECT_EQ(max_difference(rotate(turned, 1, 1), rotate(pixels, 1, 2)), 0.0);
}

TEST(Axes, RepeatsABatch) {
  const Tensor pixels = random_tensor({2, 3}, 2);
  const Tensor repeated = repeat_to_batch(pixels, 5);
  ASSERT_EQ(repeated.dim(0), 5);
  for (int64_t i = 0; i < repeated.size(); ++i) {
    EXPECT_EQ(repeated.data()[i], pixels.data()[i % pixels.size()]);
  }
  EXPECT_EQ(repeat_to_batch(pixels, 1).dim(0), 1);
}

// The extreme over every place whose offset `covers` allows.
template <class Covers>
Tensor slow_extreme(const Tensor& planes, bool largest, const Covers& covers) {
  const int64_t height = planes.dim(1), width = planes.dim(2);
  Tensor out(planes.shape());
  for (int64_t i = 0; i < out.size(); ++i) {
    const int64_t x = i % width, y = i / width % height, plane = i / (height * width);
    float found = planes.data()[i];
    for (int64_t v = 0; v < height; ++v) {
      for (int64_t u = 0; u < width; ++u) {
        if (!covers(v - y, u - x)) continue;
        const float value = planes.data()[(plane * height + v) * width + u];
        found = largest ? std::max(found, value) : std::min(found, value);
      }
    }
    out.data()[i] = found;
  }
  return out;
}

TEST(Morphology, FindsTheExtremeOfEverySquare) {
  const Tensor planes = random_tensor({2, 9, 13}, 3);
  for (const int64_t size : {1, 2, 3, 4, 5, 8, 11, 40}) {
    const int64_t longer = size / 2, shorter = size - 1 - longer;
    const auto within = [](int64_t up, int64_t down) {
      return [=](int64_t y, int64_t x) { return y >= -up && y <= down && x >= -up && x <= down; };
    };
    EXPECT_EQ(max_difference(square_extreme(planes, size, Extreme::kLargest),
                             slow_extreme(planes, true, within(shorter, longer))),
              0.0)
        << size;
    EXPECT_EQ(max_difference(square_extreme(planes, size, Extreme::kSmallest),
                             slow_extreme(planes, false, within(longer, shorter))),
              0.0)
        << size;
  }
}

TEST(PowersOfPositiveNumbers, AreThoseOfTheLibrary) {
  for (const double power : {2.4, 1 / 2.4, 1.0 / 3.0}) {
    for (double x = 1e-6; x < 40.0; x *= 1.0037) {
      const double expected = std::pow(static_cast<double>(static_cast<float>(x)),
                                       static_cast<double>(static_cast<float>(power)));
      const double tolerance = 1e-6 + 1e-7 * std::abs(power * std::log2(x));
      ASSERT_NEAR(power_of(static_cast<float>(x), static_cast<float>(power)) / expected, 1.0,
                  tolerance)
          << x << "^" << power;
    }
  }
}

TEST(Morphology, FindsTheExtremeOfEveryDiamond) {
  struct Case {
    Shape shape;
    int64_t steps;
  };
  std::vector<Case> cases{{{1, 560, 6}, 540}};  // in two goes
  for (const int64_t steps : {0, 1, 2, 5, 100}) cases.push_back({{1, 8, 6}, steps});
  for (const int64_t steps : {3, 4, 7, 16, 31}) cases.push_back({{2, 24, 33}, steps});
  for (const auto& [shape, steps] : cases) {
    const Tensor planes = random_tensor(shape, 4);
    const auto near = [steps](int64_t y, int64_t x) { return std::abs(y) + std::abs(x) <= steps; };
    EXPECT_EQ(max_difference(diamond_extreme(planes, steps, Extreme::kLargest),
                             slow_extreme(planes, true, near)),
              0.0)
        << steps;
    EXPECT_EQ(max_difference(diamond_extreme(planes, steps, Extreme::kSmallest),
                             slow_extreme(planes, false, near)),
              0.0)
        << steps;
  }
}

TEST(Blur, LeavesAPlainPlaneAndSpreadsAPoint) {
  Tensor planes({1, 1, 9, 9});
  std::fill(planes.values().begin(), planes.values().end(), 0.3f);
  EXPECT_LE(max_difference(blur_planes(planes, 4, 1.0), planes), 1e-6);
  EXPECT_LE(max_difference(sharpen_planes(planes, 4, 1.0, 2.0), planes), 1e-5);

  Tensor point = Tensor::zeros({1, 1, 9, 9});
  point.data()[4 * 9 + 4] = 1.0f;
  const Tensor spread = blur_planes(point, 2, 0.5);
  double sum = 0, weights = 0;
  for (const float value : spread.values()) sum += value;
  EXPECT_NEAR(sum, 1.0, 1e-6);
  // A deviation of half a radius is one place.
  for (int i = -2; i <= 2; ++i) weights += std::exp(-0.5 * i * i);
  EXPECT_NEAR(spread.data()[4 * 9 + 4], 1 / (weights * weights), 1e-6);
  EXPECT_NEAR(spread.data()[2 * 9 + 5], std::exp(-2.5) / (weights * weights), 1e-7);
}

TEST(Tiles, GoBackTogether) {
  for (const auto& [height, width, overlap] :
       {std::tuple<int64_t, int64_t, int64_t>{72, 88, 16}, {64, 200, 0}, {30, 50, 40}}) {
    const Tensor pixels = random_pixels({2, height, width, 3}, 5);
    std::vector<Tensor> tiles;
    for (const Tile& tile : tile_places({height, width}, {64, 48}, overlap)) {
      EXPECT_LE(tile.top + tile.height, height);
      EXPECT_LE(tile.left + tile.width, width);
      tiles.push_back(slice(slice(pixels, 1, tile.top, tile.height), 2, tile.left, tile.width));
    }
    EXPECT_LE(max_difference(merge_tiles(tiles, {height, width}, overlap), pixels), 1e-6)
        << height << " x " << width;
  }
}

TEST(Composite, LaysAPartOverTheEdge) {
  const Tensor below = random_tensor({2, 3, 6, 8}, 6), above = random_tensor({1, 3, 4, 4}, 7);
  Tensor half({1, 1, 1});
  half.data()[0] = 0.25f;
  const Tensor out = composite_planes(below, above, 6, 4, half);
  for (int64_t i = 0; i < out.size(); ++i) {
    const int64_t x = i % 8, y = i / 8 % 6, channel = i / 48 % 3;
    const float under = below.data()[i];
    const bool covered = x >= 6 && y >= 4;
    const float over = covered ? above.data()[(channel * 4 + y - 4) * 4 + x - 6] : 0.0f;
    EXPECT_NEAR(out.data()[i], covered ? 0.25f * over + 0.75f * under : under, 1e-6);
  }
  EXPECT_EQ(max_difference(composite_planes(below, above, 8, 0, Tensor()), below), 0.0)
      << "nothing reaches inside";
}

TEST(PorterDuff, CoversByOpacity) {
  const Layer over{random_pixels({1, 4, 5, 3}, 8), random_pixels({1, 4, 5}, 9)};
  const Layer under{random_pixels({1, 4, 5, 3}, 10), random_pixels({1, 4, 5}, 11)};
  const Layer out = porter_duff(over, under, "SRC_OVER");
  for (int64_t i = 0; i < out.alpha.size(); ++i) {
    const float a = over.alpha.data()[i], b = under.alpha.data()[i];
    const float alpha = a + b * (1 - a);
    EXPECT_NEAR(out.alpha.data()[i], alpha, 1e-6);
    for (int64_t c = 3 * i; c < 3 * i + 3; ++c) {
      const float colour = over.pixels.data()[c] * a + under.pixels.data()[c] * b * (1 - a);
      EXPECT_NEAR(out.pixels.data()[c] * alpha, colour, 1e-5);
    }
  }
  const Layer none = porter_duff(over, under, "CLEAR");
  EXPECT_EQ(max_magnitude(none.pixels) + max_magnitude(none.alpha), 0.0);
}

TEST(Colour, GoesThereAndBack) {
  const Tensor pixels = random_pixels({1, 16, 16, 3}, 12);
  EXPECT_LE(max_difference(ycbcr_to_rgb(rgb_to_ycbcr(pixels)), pixels), 3e-3) << "rounded factors";
  EXPECT_LE(max_difference(lab_to_rgb(rgb_to_lab(pixels)), pixels), 1e-4);
  const Tensor lab = rgb_to_lab(Tensor::from({1, 1, 2, 3}, {1, 1, 1, 0, 0, 0}));
  const float expected[] = {100, 0, 0, 0, 0, 0};
  for (int64_t i = 0; i < 6; ++i) EXPECT_NEAR(lab.data()[i], expected[i], 1e-2) << i;
}

TEST(ColourTransfer, ToItselfChangesNothing) {
  const Tensor pixels = random_pixels({1, 20, 20, 3}, 13);
  for (const std::string& method : colour_transfer_methods()) {
    const Tensor out = transfer_colours(pixels, pixels, {.method = method});
    EXPECT_LE(max_difference(out, pixels), method == "histogram" ? 1 / 255.0 : 2e-3) << method;
  }
}

// With a rim that is darker, so that the steepest place is one pixel wide.
TEST(Edges, OutlineASquare) {
  Tensor pixels = Tensor::zeros({1, 24, 24, 3});
  for (int64_t y = 7; y < 17; ++y) {
    for (int64_t x = 7; x < 17; ++x) {
      const bool is_rim = y == 7 || y == 16 || x == 7 || x == 16;
      for (int64_t c = 0; c < 3; ++c) pixels.data()[(y * 24 + x) * 3 + c] = is_rim ? 0.5f : 1.0f;
    }
  }
  const Tensor edges = canny_edges(pixels, 0.2, 0.5);
  const auto at = [&](int64_t y, int64_t x) { return edges.data()[y * 24 + x]; };
  EXPECT_EQ(at(12, 12), 0.0f) << "inside";
  EXPECT_EQ(at(2, 2), 0.0f) << "outside";
  for (int64_t i = 10; i < 14; ++i) {
    EXPECT_EQ(at(i, 6) + at(i, 7) + at(i, 8), 1.0f) << "left, once";
    EXPECT_EQ(at(6, i) + at(7, i) + at(8, i), 1.0f) << "top, once";
  }
}

TEST(Palette, KeepsFewColours) {
  Picture24 picture{2, 3, {}};
  const Colour8 red{200, 8, 0}, green{0, 120, 4}, black{0, 0, 0};
  picture.pixels = {red, green, black, black, green, red};
  const std::vector<Colour8> palette = median_cut(picture, 8);
  ASSERT_EQ(palette.size(), 3u);
  EXPECT_EQ(nearest_colours(picture, palette).pixels, picture.pixels);
  EXPECT_EQ(diffused_colours(picture, palette).pixels, picture.pixels);
  EXPECT_EQ(median_cut(picture, 1), (std::vector<Colour8>{{67, 43, 1}})) << "the mean";
}

TEST(PictureOpacity, IsKept) {
  const ScratchFolder folder;
  Tensor pixels({5, 7, 4});
  for (int64_t i = 0; i < pixels.size(); ++i) {
    pixels.data()[i] = static_cast<float>((37 * i + 11) % 256) / 255.0f;
  }
  write_picture(folder.path() / "rgba.png", pixels, {});
  const ReadPicture read = read_picture(folder.path() / "rgba.png");
  ASSERT_TRUE(read.alpha.has_value());
  for (int64_t i = 0; i < 35; ++i) {
    // 255 x may fall short of a whole number by rounding.
    EXPECT_NEAR(read.alpha->data()[i], pixels.data()[4 * i + 3], 1.01 / 255);
    EXPECT_NEAR(read.pixels.data()[3 * i], pixels.data()[4 * i], 1.01 / 255);
  }
}

}  // namespace
}  // namespace zanime::pictures
