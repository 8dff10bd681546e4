#include "pictures/picture_grid.h"

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace zanime::pictures {
namespace {

using namespace zanime::testing;

Tensor plain(int64_t height, int64_t width, float value) {
  Tensor picture({int64_t{1}, height, width, int64_t{3}});
  for (float& number : picture.values()) number = value;
  return picture;
}

TEST(PictureGrid, PutsPicturesSideBySideRowAfterRow) {
  PictureGrid grid(5, 2, 3);
  ASSERT_EQ(grid.columns() * grid.rows(), 6);
  for (int i = 1; i <= 5; ++i) grid.add(plain(3, 2, static_cast<float>(i) / 10.0f));
  const Tensor& pixels = grid.pixels();
  ASSERT_EQ(pixels.shape(), (Shape{3 * grid.rows(), 2 * grid.columns(), 3}));
  for (int64_t y = 0; y < pixels.dim(0); ++y) {
    for (int64_t x = 0; x < pixels.dim(1); ++x) {
      const int64_t place = y / 3 * grid.columns() + x / 2;
      const float expected = place < 5 ? static_cast<float>(place + 1) / 10.0f : 0.0f;
      for (int64_t c = 0; c < 3; ++c) {
        ASSERT_EQ(pixels.data()[(y * pixels.dim(1) + x) * 3 + c], expected) << y << ' ' << x;
      }
    }
  }
}

TEST(PictureGrid, IsAsSquareAsThePicturesAllow) {
  EXPECT_EQ(PictureGrid(4, 100, 100).columns(), 2);
  EXPECT_EQ(PictureGrid(9, 100, 100).columns(), 3);
  EXPECT_EQ(PictureGrid(2, 100, 100).columns(), 2);
  EXPECT_EQ(PictureGrid(2, 832, 1216).columns(), 2);
  EXPECT_EQ(PictureGrid(2, 1216, 832).columns(), 1);
  EXPECT_EQ(PictureGrid(3, 832, 1216).rows(), 1) << "rather a row than an empty place";
  EXPECT_EQ(PictureGrid(1, 10, 10).pixels().shape(), (Shape{10, 10, 3}));
}

TEST(PictureGrid, HasItsLimits) {
  expect_error(ErrorKind::kUsage, "there is room for 4 of this size",
               [] { PictureGrid::check_size(5, 4096, 4096); });
  PictureGrid grid(1, 2, 2);
  expect_error(ErrorKind::kInternal, "no place", [&] { grid.add(plain(3, 2, 0)); });
  grid.add(plain(2, 2, 0));
  expect_error(ErrorKind::kInternal, "no place", [&] { grid.add(plain(2, 2, 0)); });
}

}  // namespace
}  // namespace zanime::pictures
