#include "base/shape.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace zanime {
namespace {

TEST(Shape, RefusesExtentsThatOverflow) {
  EXPECT_THROW(Shape::checked({int64_t{1} << 32, int64_t{1} << 32}), Error);
  EXPECT_THROW(Shape::checked({0, int64_t{1} << 32, int64_t{1} << 32}), Error);
  EXPECT_THROW(Shape::checked({-1}), Error);
  EXPECT_EQ(Shape::checked({0, 5}).size(), 0);
  EXPECT_EQ(Shape::checked({}).size(), 1);
}

TEST(Shape, CountsNegativeAxesFromTheEnd) {
  const Shape shape{2, 3, 4};
  EXPECT_EQ(shape[-1], 4);
  EXPECT_EQ(shape[0], 2);
  EXPECT_EQ(shape.to_string(), "[2, 3, 4]");
}

}  // namespace
}  // namespace zanime
