#include "sampling/guidance.h"

#include <gtest/gtest.h>

namespace zanime::sampling {
namespace {

// A model that always predicts `value`, and counts its evaluations.
Denoise constant(float value, int& evaluations) {
  return [value, &evaluations](const Tensor& x, float) {
    ++evaluations;
    Tensor out(x.shape());
    for (float& each : out.values()) each = value;
    return out;
  };
}

TEST(Guidance, StepsFromTheNegativePastThePositive) {
  int positive = 0, negative = 0;
  const Guide guide = cfg_guide(constant(3.0f, positive), constant(1.0f, negative), 4.0f);
  const Denoised denoised = guide(Tensor::zeros({2, 2}), 0.5f, false);
  for (const float value : denoised.guided.values()) EXPECT_EQ(value, 9.0f);
  EXPECT_EQ(positive, 1);
  EXPECT_EQ(negative, 1);
}

TEST(Guidance, OfOneLeavesTheNegativeOutUnlessItIsNeeded) {
  int positive = 0, negative = 0;
  const Guide guide = cfg_guide(constant(3.0f, positive), constant(1.0f, negative), 1.0f);
  EXPECT_TRUE(guide(Tensor::zeros({2}), 0.5f, false).unconditional.empty());
  EXPECT_EQ(negative, 0);
  const Denoised denoised = guide(Tensor::zeros({2}), 0.5f, true);
  EXPECT_EQ(negative, 1);
  EXPECT_EQ(denoised.unconditional.data()[0], 1.0f);
  EXPECT_EQ(denoised.guided.data()[0], 3.0f);
}

TEST(Guidance, OfTwoPromptsAddsBothWays) {
  int first = 0, second = 0, negative = 0;
  const auto prompts = [&](auto make, float cfg_first, float cfg_second) {
    return make(constant(7.0f, first), constant(3.0f, second), constant(1.0f, negative), cfg_first,
                cfg_second, {})(Tensor::zeros({2}), 0.5f, true);
  };
  const Denoised regular = prompts(dual_cfg_guide, 2.0f, 4.0f);
  EXPECT_EQ(regular.guided.data()[0], (1.0f + (3.0f - 1.0f) * 4.0f) + (7.0f - 3.0f) * 2.0f);
  EXPECT_EQ(regular.unconditional.data()[0], 1.0f);
  const Denoised nested = prompts(nested_cfg_guide, 2.0f, 4.0f);
  EXPECT_EQ(nested.guided.data()[0], 1.0f + 4.0f * (3.0f + (7.0f - 3.0f) * 2.0f - 1.0f));
  EXPECT_EQ(nested.unconditional.data()[0], 3.0f);
}

TEST(Guidance, OfTwoPromptsLeavesOutWhatCancels) {
  int first = 0, second = 0, negative = 0;
  const auto guided = [&](float cfg_first, float cfg_second) {
    return dual_cfg_guide(constant(7.0f, first), constant(3.0f, second), constant(1.0f, negative),
                          cfg_first, cfg_second)(Tensor::zeros({2}), 0.5f, false)
        .guided.data()[0];
  };
  EXPECT_EQ(guided(1.0f, 1.0f), 7.0f);
  EXPECT_EQ(second + negative, 0);
  EXPECT_EQ(guided(2.0f, 1.0f), 11.0f);
  EXPECT_EQ(second, 1);
  EXPECT_EQ(negative, 0);
}

TEST(Guidance, BasicGuideHasZerosForTheUnconditional) {
  int positive = 0;
  const Denoised denoised = basic_guide(constant(3.0f, positive))(Tensor::zeros({2}), 0.5f, true);
  EXPECT_EQ(denoised.guided.data()[1], 3.0f);
  EXPECT_EQ(denoised.unconditional.data()[1], 0.0f);
}

}  // namespace
}  // namespace zanime::sampling
