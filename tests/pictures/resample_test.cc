#include "pictures/resample.h"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/golden.h"
#include "tests/support/random_tensor.h"
#include "weights/safetensors.h"

namespace zanime::pictures {
namespace {

using namespace zanime::testing;

// Made by golden/make_resample.py with PyTorch and Pillow.
const weights::WeightFile& resample_reference() {
  static const auto file = weights::open_safetensors(golden_path("resample.safetensors"));
  return *file;
}

class ResizeAsPyTorch : public ::testing::TestWithParam<std::string> {};

TEST_P(ResizeAsPyTorch, Planes) {
  const Tensor planes = resample_reference().read_float32("planes");
  int sizes = 0;
  for (const auto& [name, entry] : resample_reference().tensors()) {
    if (!name.starts_with(GetParam() + "/")) continue;
    const Tensor expected = resample_reference().read_float32(name);
    const Tensor actual =
        resize_planes(planes, expected.dim(2), expected.dim(3), resize_method(GetParam()));
    // Values reach 3, and positions are float32 in PyTorch too.
    EXPECT_LE(max_difference(actual, expected), 5e-6) << name;
    ++sizes;
  }
  EXPECT_EQ(sizes, 8);
}

INSTANTIATE_TEST_SUITE_P(Methods, ResizeAsPyTorch,
                         ::testing::Values("nearest-exact", "bilinear", "area", "bicubic"),
                         [](const auto& method) {
                           return method.param == "nearest-exact" ? "nearest_exact" : method.param;
                         });

TEST(Resample, LanczosIsPillowsToTheBit) {
  const Tensor pixels = resample_reference().read_float32("pixels");
  int sizes = 0;
  for (const auto& [name, entry] : resample_reference().tensors()) {
    if (!name.starts_with("lanczos/")) continue;
    const Tensor expected = resample_reference().read_float32(name);
    const Tensor actual =
        resize_pixels(pixels, expected.dim(1), expected.dim(2), ResizeMethod::kLanczos);
    EXPECT_EQ(max_difference(actual, expected), 0.0) << name;
    ++sizes;
  }
  EXPECT_EQ(sizes, 7);
}

TEST(Resample, PixelsGoThroughTheSameArithmeticAsPlanes) {
  const Tensor planes = random_tensor({2, 3, 6, 5}, 1);
  const Tensor expected = resize_planes(planes, 9, 4, ResizeMethod::kBicubic);
  const Tensor pixels = resize_pixels(to_pixels(planes), 9, 4, ResizeMethod::kBicubic);
  EXPECT_EQ(max_difference(to_planes(pixels), expected), 0.0);
}

// Two pixels of two channels at right angles: between them lie vectors of the lengths between, at
// the angles between, where a straight line would give shorter ones.
TEST(Resample, BislerpKeepsLengths) {
  const Tensor planes = Tensor::from({1, 2, 1, 2}, {2, 0, 0, 4});  // (2, 0) and (0, 4)
  const Tensor wide = resize_planes(planes, 1, 4, ResizeMethod::kBislerp);
  const auto length = [&](int64_t x) { return std::hypot(wide.data()[x], wide.data()[4 + x]); };
  const auto angle = [&](int64_t x) { return std::atan2(wide.data()[4 + x], wide.data()[x]); };
  const double quarter = std::acos(-1.0) / 2;
  EXPECT_NEAR(length(0), 2.0, 1e-5);
  EXPECT_NEAR(length(1), 2.5, 1e-5);
  EXPECT_NEAR(angle(1), 0.25 * quarter, 1e-5);
  EXPECT_NEAR(length(2), 3.5, 1e-5);
  EXPECT_NEAR(angle(2), 0.75 * quarter, 1e-5);
  EXPECT_NEAR(length(3), 4.0, 1e-5);
}

TEST(Resample, BislerpCopesWithEqualOppositeAndZeroVectors) {
  const Tensor equal = Tensor::from({1, 2, 1, 2}, {1, 1, 2, 2});
  EXPECT_LE(max_difference(resize_planes(equal, 1, 3, ResizeMethod::kBislerp),
                           Tensor::from({1, 2, 1, 3}, {1, 1, 1, 2, 2, 2})),
            1e-6);
  const Tensor opposite = Tensor::from({1, 1, 1, 2}, {1, -1});
  EXPECT_LE(max_difference(resize_planes(opposite, 1, 4, ResizeMethod::kBislerp),
                           Tensor::from({1, 1, 1, 4}, {1, 0.5f, -0.5f, -1})),
            1e-6);
  const Tensor zero = Tensor::from({1, 2, 1, 2}, {0, 3, 0, 4});
  EXPECT_TRUE(all_finite(resize_planes(zero, 2, 5, ResizeMethod::kBislerp)));
}

TEST(Resample, ASizeBeyondAllMemoryIsRefused) {
  expect_error(ErrorKind::kResource, "more than one run can hold", [] {
    resize_planes(Tensor::zeros({1, 16, 8, 8}), 40000, 40000, ResizeMethod::kNearestExact);
  });
}

TEST(Resample, CentreCropTakesTheNewShapeOutOfTheMiddle) {
  const CentreCrop wide = centre_crop(64, 96, 32, 32);
  EXPECT_EQ(wide.left, 16);
  EXPECT_EQ(wide.width, 64);
  EXPECT_EQ(wide.height, 64);
  const CentreCrop high = centre_crop(100, 50, 30, 60);
  EXPECT_EQ(high.top, 38);  // 37.5, half to even
  EXPECT_EQ(high.height, 24);
  const CentreCrop thin = centre_crop(2, 1, 1, 16384);
  EXPECT_GE(thin.height, 1);
}

}  // namespace
}  // namespace zanime::pictures
