#include "base/tensor.h"

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"

namespace zanime {
namespace {

std::vector<float> values_of(const Tensor& tensor) {
  return {tensor.values().begin(), tensor.values().end()};
}

TEST(Tensor, WithoutStorageIsEmpty) {
  const Tensor none;
  EXPECT_TRUE(none.empty());
  EXPECT_EQ(none.size(), 0);
  EXPECT_TRUE(none.values().empty());
  // Not the same as a tensor without elements.
  EXPECT_FALSE(Tensor(Shape{0, 3}).empty());
  EXPECT_EQ(Tensor(Shape{0, 3}).size(), 0);
}

TEST(Tensor, StorageIsAligned) {
  for (const int64_t size : {1, 3, 17, 1000}) {
    EXPECT_EQ(reinterpret_cast<uintptr_t>(Tensor(Shape{size}).data()) % 64, 0u);
  }
}

TEST(Tensor, CopiesShareAndClonesDoNot) {
  Tensor first = Tensor::from({2, 2}, {1, 2, 3, 4});
  const Tensor copy = first, clone = first.clone();
  first.data()[3] = 9;
  EXPECT_EQ(values_of(copy), (std::vector<float>{1, 2, 3, 9}));
  EXPECT_EQ(values_of(clone), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(clone.shape(), first.shape());
}

TEST(Tensor, ViewsShareTheStorageAndKeepItAlive) {
  Tensor rows, reshaped;
  {
    const Tensor whole = Tensor::from({3, 2}, {0, 1, 2, 3, 4, 5});
    rows = whole.rows(1, 2);
    reshaped = whole.reshaped({2, 3});
  }
  EXPECT_EQ(rows.shape(), (Shape{2, 2}));
  EXPECT_EQ(values_of(rows), (std::vector<float>{2, 3, 4, 5}));
  EXPECT_EQ(reshaped.dim(-1), 3);
  rows.data()[0] = 7;
  EXPECT_EQ(values_of(reshaped), (std::vector<float>{0, 1, 7, 3, 4, 5}));
  EXPECT_EQ(rows.rows(1, 1).values()[1], 5);
}

TEST(Tensor, ACountThatDoesNotFitIsRefused) {
  EXPECT_THROW(Tensor::from({2, 2}, {1, 2, 3}), std::invalid_argument);
}

TEST(Tensor, MoreThanTheMemoryIsAnErrorWithAKind) {
  testing::expect_error(ErrorKind::kResource, "memory", [] {
    Tensor(Shape{int64_t{1} << 40, int64_t{1} << 20});
  });
}

TEST(Tensor, EveryValueCountsForFiniteness) {
  Tensor values = Tensor::zeros({100'003});
  EXPECT_TRUE(all_finite(values));
  for (const float odd :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity(),
        -std::numeric_limits<float>::infinity()}) {
    for (const int64_t place : {int64_t{0}, int64_t{50'001}, int64_t{100'002}}) {
      values.data()[place] = odd;
      EXPECT_FALSE(all_finite(values)) << place;
      values.data()[place] = std::numeric_limits<float>::max();
      EXPECT_TRUE(all_finite(values));
    }
  }
}

}  // namespace
}  // namespace zanime
