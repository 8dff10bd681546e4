#include "nodes/pictures/inpaint_mask.h"

#include <string>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/golden.h"
#include "tests/support/random_tensor.h"
#include "weights/safetensors.h"

namespace zanime::nodes {
namespace {

using namespace zanime::testing;

TEST(InpaintMask, GrowsAsTheBoxFilterOfTheReference) {
  // Made by golden/make_resample.py with PyTorch.
  const auto reference = weights::open_safetensors(golden_path("resample.safetensors"));
  const Tensor mask = reference->read_float32("mask/in");
  EXPECT_EQ(max_difference(grow_mask(mask, 0), mask), 0.0);
  for (const int grow : {1, 2, 5, 6}) {
    EXPECT_EQ(max_difference(grow_mask(mask, grow),
                             reference->read_float32("mask/" + std::to_string(grow))),
              0.0)
        << grow;
  }
}

TEST(InpaintMask, IsResizedToThePictureAndCutLikeIt) {
  Tensor mask = Tensor::zeros({1, 2, 2});
  mask.data()[3] = 1.0f;  // below, to the right
  const Tensor fitted = mask_for_pixels(mask, Tensor::zeros({1, 19, 18, 3}));
  EXPECT_EQ(fitted.shape(), (Shape{1, 16, 16}));
  EXPECT_EQ(fitted.data()[0], 0.0f);
  EXPECT_EQ(fitted.data()[16 * 16 - 1], 1.0f);
}

TEST(InpaintMask, LeavesMidGreyUnderIt) {
  const Tensor pixels = Tensor::from({1, 1, 2, 3}, {0.1f, 0.2f, 0.3f, 0.7f, 0.8f, 0.9f});
  const Tensor grey = grey_where_masked(pixels, Tensor::from({1, 1, 2}, {0.4f, 0.6f}));
  EXPECT_LE(max_difference(grey, Tensor::from({1, 1, 2, 3}, {0.1f, 0.2f, 0.3f, 0.5f, 0.5f, 0.5f})),
            1e-7);
  expect_error(ErrorKind::kGraph, "2 masks for 1 pictures", [&] {
    grey_where_masked(pixels, Tensor::zeros({2, 1, 2}));
  });
}

}  // namespace
}  // namespace zanime::nodes
