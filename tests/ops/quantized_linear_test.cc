#include "ops/cpu/quantized_linear.h"

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ops/cpu/cpu_backend.h"
#include "ops/cpu/cpu_level.h"
#include "ops/ops.h"
#include "tests/support/host_calls.h"
#include "tests/support/random_tensor.h"
#include "tests/support/split_weight.h"
#include "weights/rotation.h"
#include "weights/weight_delta.h"

namespace zanime::ops {
namespace {

using namespace zanime::testing;

class QuantizedLinearTest : public ::testing::TestWithParam<std::string> {
 protected:
  const HostCalls exact_calls{make_cpu_backend(GetParam(), Compute::kFloat32)};
  const HostCalls* const exact = &exact_calls;
  const HostCalls integers_calls{make_cpu_backend(GetParam(), Compute::kInt8)};
  const HostCalls* const integers = &integers_calls;
};

INSTANTIATE_TEST_SUITE_P(Levels, QuantizedLinearTest, ::testing::ValuesIn(cpu_levels()),
                         [](const auto& level) { return level.param; });

// Root mean square of the difference over that of the expected values.
double relative_error(const Tensor& a, const Tensor& expected) {
  double error = 0, size = 0;
  for (int64_t i = 0; i < expected.size(); ++i) {
    const double difference = double{a.data()[i]} - expected.data()[i];
    error += difference * difference;
    size += double{expected.data()[i]} * expected.data()[i];
  }
  return std::sqrt(error / size);
}

TEST_P(QuantizedLinearTest, IsCloseToTheExactProduct) {
  // Several panels, a last one that is shorter; rotated by 256, 64 and 16.
  for (const int64_t depth : {512, 192, 48}) {
    const Tensor x = random_tensor({40, depth}, 1);
    const Linear layer{split_weight(random_tensor({600, depth}, 2), 3),
                       whole_weight(random_tensor({600}, 3))};
    const Tensor expected = exact->linear(x, layer);
    EXPECT_LT(relative_error(integers->linear(x, layer), expected), 0.02) << depth;
    EXPECT_GT(relative_error(integers->linear(x, layer), expected), 1e-5) << "not in integers";
    Tensor sum = x.clone().reshaped({40, depth});
    const Linear square{split_weight(random_tensor({depth, depth}, 4), 1), {}};
    Tensor expected_sum = sum.clone();
    integers->linear_add_inplace(sum, x, square);
    exact->linear_add_inplace(expected_sum, x, square);
    EXPECT_LT(relative_error(sum, expected_sum), 0.02) << depth;
  }
}

// The largest products that AVX2 adds in 16 bits: one that overflowed would be far off.
TEST_P(QuantizedLinearTest, LargestValuesDoNotSaturate) {
  Tensor x({8, 512}), w({32, 512});
  for (float& value : x.values()) value = 3.0f;
  for (float& value : w.values()) value = -2.0f;
  // A constant row turns into one large value per group: its rotation is put in beforehand.
  weights::rotate_groups(x.data(), x.size(), 256);
  weights::rotate_groups(w.data(), w.size(), 256);
  const Tensor out = integers->linear(x, {split_weight(w, 1), {}});
  for (const float value : out.values()) EXPECT_NEAR(value, -6.0f * 512, 6.0f);
}

TEST_P(QuantizedLinearTest, OutliersAreSpreadBeforeRounding) {
  Tensor x = random_tensor({16, 512}, 1);
  for (int64_t row = 0; row < 16; ++row) x.data()[row * 512 + 7] = 60.0f;
  const Linear layer{split_weight(random_tensor({256, 512}, 2), 1), {}};
  // Rounded as they are, values around 1 beside one of 60 would lose two decimal digits.
  EXPECT_LT(relative_error(integers->linear(x, layer), exact->linear(x, layer)), 0.02);
}

TEST_P(QuantizedLinearTest, GatedFeedForward) {
  const Tensor x = random_tensor({40, 256}, 1);
  const Linear gate{split_weight(random_tensor({512, 256}, 2), 1), {}};
  const Linear up{split_weight(random_tensor({512, 256}, 3), 1), {}};
  const Linear down{split_weight(random_tensor({256, 512}, 4), 1), {}};
  EXPECT_LT(relative_error(integers->gated_feed_forward(x, gate, up, down),
                           exact->gated_feed_forward(x, gate, up, down)),
            0.04);
}

TEST_P(QuantizedLinearTest, LayersThatKeepFloat32AndFewRowsAreExact) {
  Linear layer{split_weight(random_tensor({64, 256}, 2), 1), {}};
  const Tensor few = random_tensor({1, 256}, 1), many = random_tensor({40, 256}, 1);
  EXPECT_EQ(max_difference(integers->linear(few, layer), exact->linear(few, layer)), 0.0f);
  layer.keeps_float32 = true;
  EXPECT_EQ(max_difference(integers->linear(many, layer), exact->linear(many, layer)), 0.0f);
}

TEST_P(QuantizedLinearTest, NumbersThatAreNotFiniteShow) {
  for (const float bad :
       {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    Tensor x = random_tensor({16, 256}, 1);
    x.data()[300] = bad;
    const Tensor out = integers->linear(x, {split_weight(random_tensor({64, 256}, 2), 1), {}});
    EXPECT_TRUE(std::isfinite(out.data()[0]));
    EXPECT_FALSE(std::isfinite(out.data()[64])) << "row 1 had " << bad;
  }
}

// A file that is rotated already and one that is not mean the same product.
TEST_P(QuantizedLinearTest, RotatedWeightsMeanTheSame) {
  const Tensor x = random_tensor({40, 512}, 1), w = random_tensor({64, 512}, 2);
  Tensor rotated = w.clone();
  weights::rotate_groups(rotated.data(), rotated.size(), 256);
  const weights::Weight split = split_weight(rotated, 2);
  std::vector<weights::WeightPart> parts = split.parts();
  for (weights::WeightPart& part : parts) part.rotation = 256;
  const Linear plain{split_weight(w, 2), {}};
  const Linear turned{weights::Weight("turned", w.shape(), parts, split.owner()), {}};
  EXPECT_LT(relative_error(exact->linear(x, turned), exact->linear(x, plain)), 2e-6);
  EXPECT_LT(relative_error(integers->linear(x, turned), exact->linear(x, plain)), 0.02);
}

// A backend that keeps weights gives what one without gives, the first time and the second.
TEST_P(QuantizedLinearTest, KeptWeightsMeanTheSame) {
  const HostCalls keeping_calls{make_cpu_backend(GetParam(), Compute::kInt8, 40'000)};
  const HostCalls* const keeping = &keeping_calls;
  const Tensor x = random_tensor({40, 128}, 1);
  for (int64_t outputs : {300, 200}) {  // the second finds no room
    const Linear layer{split_weight(random_tensor({outputs, 128}, 2), 3), {}};
    const Tensor expected = integers->linear(x, layer);
    EXPECT_EQ(max_difference(keeping->linear(x, layer), expected), 0.0f);
    EXPECT_EQ(max_difference(keeping->linear(x, layer), expected), 0.0f);
  }
}

// An adapter beside the layer: what is kept is the file's weight, whatever the strength.
TEST_P(QuantizedLinearTest, KeptWeightsServeEveryStrengthOfAnAdapter) {
  const Tensor x = random_tensor({40, 128}, 1);
  const weights::Weight plain = split_weight(random_tensor({300, 128}, 2), 3);
  const weights::LowRankDelta delta{random_tensor({100, 4}, 3), random_tensor({4, 128}, 4)};
  const auto delta_pointer =
      std::make_shared<const weights::WeightDelta>(weights::WeightDelta{delta});
  const HostCalls keeping{make_cpu_backend(GetParam(), Compute::kInt8, 60'000)};
  const Tensor without = keeping.linear(x, {plain, {}});
  for (const float strength : {0.0f, 1.0f, -0.5f}) {
    const Linear layer{plain.with_change({delta_pointer, 150, 100, strength, nullptr}), {}};
    const Tensor out = keeping.linear(x, layer);
    for (int64_t row = 0; row < 40; ++row) {
      for (int64_t output = 0; output < 300; ++output) {
        double expected = without.data()[row * 300 + output];
        for (int64_t k = 0; k < 4 && output >= 150 && output < 250; ++k) {
          double inner = 0;
          for (int64_t i = 0; i < 128; ++i) {
            inner += double{x.data()[row * 128 + i]} * delta.down.data()[k * 128 + i];
          }
          expected += strength * inner * delta.up.data()[(output - 150) * 4 + k];
        }
        ASSERT_NEAR(out.data()[row * 300 + output], expected, 1e-4) << row << ", " << output;
      }
    }
  }
  // A change that is more than a product of low rank goes into the weight.
  const weights::Weight full =
      plain.with_change({std::make_shared<const weights::WeightDelta>(weights::WeightDelta{
                             weights::FullDelta{split_weight(random_tensor({300, 128}, 5), 1)}}),
                         0, 300, 1.0f, nullptr});
  EXPECT_LT(relative_error(keeping.linear(x, {full, {}}), exact->linear(x, {full, {}})), 0.02);
}

TEST(QuantizedWeightsTest, KeepsWhatFitsAndForgetsClosedFiles) {
  cpu::QuantizedWeights kept(10'000);
  weights::Weight first = split_weight(random_tensor({60, 128}, 1), 1);
  const weights::Weight second = split_weight(random_tensor({50, 128}, 2), 1);
  EXPECT_EQ(kept.find(first), nullptr);
  EXPECT_NE(kept.add(first), nullptr);
  EXPECT_NE(kept.find(first), nullptr);
  EXPECT_EQ(kept.bytes(), 60 * (128 + 8));
  EXPECT_EQ(kept.add(second), nullptr) << "beyond the 10,000 bytes";
  first = {};
  EXPECT_NE(kept.add(second), nullptr) << "the first one's file is closed";
  EXPECT_EQ(kept.bytes(), 50 * (128 + 8));

  const weights::Weight changed = second.with_change({});
  EXPECT_EQ(kept.find(changed), nullptr) << "an adapter's weights are others";
}

}  // namespace
}  // namespace zanime::ops
