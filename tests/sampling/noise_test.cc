#include "sampling/noise.h"

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/golden.h"

namespace zanime::sampling {
namespace {

TEST(Noise, EqualsTheReference) {
  for (const auto& golden : testing::golden_json("noise.json")) {
    const uint64_t seed = golden["seed"];
    const Shape shape(golden["shape"].get<std::vector<int64_t>>());
    SCOPED_TRACE("seed " + std::to_string(seed) + " shape " + shape.to_string());
    const Tensor noise = normal_noise(shape, seed);
    const std::vector<float> head = golden["head"];
    const std::vector<float> tail = golden["tail"];
    for (size_t i = 0; i < head.size(); ++i) EXPECT_NEAR(noise.data()[i], head[i], 2e-6) << i;
    for (size_t i = 0; i < tail.size(); ++i) {
      EXPECT_NEAR(noise.data()[noise.size() - tail.size() + i], tail[i], 2e-6) << i;
    }
  }
}

TEST(Noise, TwisterGivesTheSequenceOfItsAuthors) {
  // Matsumoto and Nishimura's mt19937ar gives 4123659995 as the 10,000th number of seed 5489.
  MersenneTwister twister(5489);
  uint32_t last = 0;
  for (int i = 0; i < 10000; ++i) last = twister.next();
  EXPECT_EQ(last, 4123659995u);
}

TEST(Noise, OfIndicesIsDrawnPictureByPicture) {
  const Shape one{1, 2, 3, 3};  // 18 values: not a whole number of blocks
  NoiseGenerator generator(5);
  const Tensor draws[] = {generator.normal(one), generator.normal(one), generator.normal(one)};
  const Tensor noise = indexed_noise({3, 2, 3, 3}, 5, std::vector<int64_t>{2, 0, 2});
  ASSERT_EQ(noise.shape(), (Shape{3, 2, 3, 3}));
  for (int64_t i = 0; i < 18; ++i) {
    EXPECT_EQ(noise.data()[i], draws[2].data()[i]);
    EXPECT_EQ(noise.data()[18 + i], draws[0].data()[i]);
    EXPECT_EQ(noise.data()[36 + i], draws[2].data()[i]);
  }
}

TEST(Noise, FirstPictureOfABatchIsThatOfABatchOfOne) {
  const Tensor one = normal_noise({1, 16, 8, 8}, 5);
  const Tensor two = normal_noise({2, 16, 8, 8}, 5);
  for (int64_t i = 0; i < one.size(); ++i) ASSERT_EQ(one.data()[i], two.data()[i]) << i;
}

TEST(Noise, GeneratorContinues) {
  NoiseGenerator generator(3);
  const Tensor first = generator.normal({1, 4, 4, 4});
  const Tensor second = generator.normal({1, 4, 4, 4});
  const Tensor both = normal_noise({2, 4, 4, 4}, 3);
  for (int64_t i = 0; i < first.size(); ++i) {
    ASSERT_EQ(first.data()[i], both.data()[i]);
    ASSERT_EQ(second.data()[i], both.data()[first.size() + i]);
  }
}

TEST(Noise, ShortDrawsContinueInTheMiddleOfAPair) {
  NoiseGenerator generator(3);
  const Tensor first = generator.normal({3});
  const Tensor second = generator.normal({2});
  const Tensor both = normal_noise({5}, 3);
  EXPECT_EQ(first.data()[2], both.data()[2]);
  EXPECT_EQ(second.data()[0], both.data()[3]);
  EXPECT_EQ(second.data()[1], both.data()[4]);
}

TEST(Noise, HasTheMomentsOfANormalDistribution) {
  const Tensor noise = normal_noise({1 << 18}, 11);
  double sum = 0.0, squares = 0.0, fourth = 0.0;
  for (const float value : noise.values()) {
    sum += value;
    squares += static_cast<double>(value) * value;
    fourth += std::pow(static_cast<double>(value), 4.0);
  }
  const double count = static_cast<double>(noise.size());
  EXPECT_NEAR(sum / count, 0.0, 0.01);
  EXPECT_NEAR(squares / count, 1.0, 0.01);
  EXPECT_NEAR(fourth / count, 3.0, 0.08);
}

}  // namespace
}  // namespace zanime::sampling
