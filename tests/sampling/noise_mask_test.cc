#include "sampling/noise_mask.h"

#include <vector>

#include <gtest/gtest.h>

#include "sampling/ksampler.h"
#include "sampling/noise.h"
#include "tests/support/expect_error.h"

namespace zanime::sampling {
namespace {

Tensor masked(const Shape& shape, float value) {
  Tensor tensor(shape);
  for (float& each : tensor.values()) each = value;
  return tensor;
}

TEST(NoiseMask, OfTheLatentsSizeIsTakenAsItIs) {
  const Tensor mask = Tensor::from({1, 2, 2}, {0.0f, 0.25f, 0.5f, 1.0f});
  const Tensor fitted = fit_mask(mask, {1, 16, 2, 2});
  ASSERT_EQ(fitted.shape(), (Shape{1, 2, 2}));
  for (int64_t i = 0; i < 4; ++i) EXPECT_EQ(fitted.data()[i], mask.data()[i]);
}

TEST(NoiseMask, IsInterpolatedBetweenCentres) {
  // torch.nn.functional.interpolate([0, 1, 2, 4], size 2 and 8, mode "bilinear").
  const Tensor mask = Tensor::from({1, 1, 4}, {0.0f, 1.0f, 2.0f, 4.0f});
  const Tensor half = fit_mask(mask, {1, 16, 1, 2});
  EXPECT_FLOAT_EQ(half.data()[0], 0.5f);
  EXPECT_FLOAT_EQ(half.data()[1], 3.0f);
  const Tensor twice = fit_mask(mask, {1, 16, 1, 8});
  const std::vector<float> expected{0.0f, 0.25f, 0.75f, 1.25f, 1.75f, 2.5f, 3.5f, 4.0f};
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_FLOAT_EQ(twice.data()[i], expected[i]) << i;
}

TEST(NoiseMask, RepeatsInTurnForABatch) {
  const Tensor fitted = fit_mask(Tensor::from({2, 1, 1}, {0.0f, 1.0f}), {3, 16, 2, 2});
  EXPECT_EQ(fitted.data()[0], 0.0f);
  EXPECT_EQ(fitted.data()[4], 1.0f);
  EXPECT_EQ(fitted.data()[8], 0.0f);
  testing::expect_error(ErrorKind::kUsage, "[2, 2]", [] {
    fit_mask(Tensor::zeros({2, 2}), {1, 16, 2, 2});
  });
}

TEST(NoiseMask, HoldsTheOutsideToTheLatent) {
  const Shape shape{1, 2, 1, 2};  // left kept, right repainted
  Tensor seen;
  const Guide inner = [&seen](const Tensor& x, float, bool) -> Denoised {
    seen = x.clone();
    return {masked(x.shape(), 5.0f), masked(x.shape(), 6.0f)};
  };
  const Guide guide = inpaint_guide(inner, Tensor::from({1, 1, 2}, {0.0f, 1.0f}),
                                    masked(shape, 2.0f), masked(shape, 1.0f));
  const Denoised denoised = guide(masked(shape, 9.0f), 0.25f, true);
  for (const int64_t channel : {0, 1}) {
    EXPECT_FLOAT_EQ(seen.data()[2 * channel], 0.25f * 1.0f + 0.75f * 2.0f);
    EXPECT_FLOAT_EQ(seen.data()[2 * channel + 1], 9.0f);
    EXPECT_FLOAT_EQ(denoised.guided.data()[2 * channel], 2.0f);
    EXPECT_FLOAT_EQ(denoised.guided.data()[2 * channel + 1], 5.0f);
    EXPECT_FLOAT_EQ(denoised.unconditional.data()[2 * channel], 6.0f);
  }
}

TEST(NoiseMask, WhatIsKeptComesOutAsItWentIn) {
  const Shape shape{1, 16, 2, 2};
  SampleRequest request;
  request.sigmas = {1.0f, 0.6f, 0.3f, 0.0f};
  request.latent = normal_noise(shape, 7);
  request.noise = normal_noise(shape, 8);
  request.noise_mask = Tensor::from({1, 2, 2}, {1.0f, 0.0f, 0.0f, 1.0f});
  const Guide constant = [](const Tensor& x, float, bool) -> Denoised {
    return {masked(x.shape(), 0.0f), {}};
  };
  for (const char* sampler : {"euler", "ddim", "dpmpp_2m", "res_multistep"}) {
    request.sampler = sampler;
    const Tensor result = sample(constant, FlowSchedule(), request);
    for (int64_t i = 0; i < result.size(); ++i) {
      const bool kept = i % 4 == 1 || i % 4 == 2;
      const float expected = kept ? request.latent.data()[i] : request.format.shift;
      EXPECT_NEAR(result.data()[i], expected, 1e-5) << sampler << " " << i;
    }
  }
}

}  // namespace
}  // namespace zanime::sampling
