#include "sampling/guidance.h"

#include <gtest/gtest.h>

#include "sampling/step_cache.h"

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

TEST(Guidance, OfTwoModelsLeavesTheSecondOutAtOne) {
  int positive = 0, negative = 0;
  const auto guided = [&](float cfg, bool need_unconditional) {
    return dual_model_guide(constant(3.0f, positive), constant(1.0f, negative), cfg)(
        Tensor::zeros({2}), 0.5f, need_unconditional);
  };
  const Denoised apart = guided(4.0f, true);
  EXPECT_EQ(apart.guided.data()[0], 9.0f);
  EXPECT_EQ(apart.unconditional.data()[0], 1.0f);
  EXPECT_EQ(negative, 1);
  // A run at 1 never loads the second model, whatever a sampler asks for.
  const Denoised alone = guided(1.0f, true);
  EXPECT_EQ(alone.guided.data()[0], 3.0f);
  EXPECT_EQ(alone.unconditional.data()[0], 0.0f);
  EXPECT_EQ(negative, 1);
}

TEST(EasyCacheOf, AnOutputThatHardlyChangesReusesTheLastDifference) {
  int made = 0, skipped = 0;
  EasyCache cache({.threshold = 0.5, .start_sigma = 0.9f, .end_sigma = 0.1f}, [&] { ++skipped; });
  const auto output = [&](float at, float sigma) {
    Tensor x({1, 1, 1, 1});
    x.data()[0] = at;
    cache.begin();
    return cache
        .output(&cache, x, sigma,
                [&] {
                  ++made;
                  Tensor out(x.shape());
                  out.data()[0] = 10.0f + at;
                  return out;
                })
        .data()[0];
  };
  output(0.0f, 1.0f);  // not active yet
  output(1.0f, 0.9f);  // the first that counts: a boundary is met
  output(2.0f, 0.8f);  // the second: the output moves as much as the input
  EXPECT_EQ(made, 3);
  // 0.4 of a size of 12 is little, and the difference of 10 is used again: the picture is
  // (1 - 0.5)(2.4 + 10).
  EXPECT_FLOAT_EQ(2.4f - 0.5f * output(2.4f, 0.5f), 6.2f);
  EXPECT_EQ(skipped, 1);
  // The changes add up: 0.4 / 12 and 6 / 12 are too much.
  EXPECT_FLOAT_EQ(output(8.0f, 0.4f), 18.0f);
  EXPECT_EQ(made, 4);
  EXPECT_EQ(skipped, 1);
  output(8.1f, 0.1f);  // past the end
  EXPECT_EQ(made, 5);
}

TEST(Guidance, BasicGuideHasZerosForTheUnconditional) {
  int positive = 0;
  const Denoised denoised = basic_guide(constant(3.0f, positive))(Tensor::zeros({2}), 0.5f, true);
  EXPECT_EQ(denoised.guided.data()[1], 3.0f);
  EXPECT_EQ(denoised.unconditional.data()[1], 0.0f);
}

}  // namespace
}  // namespace zanime::sampling
