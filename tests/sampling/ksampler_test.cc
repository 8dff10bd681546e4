#include "sampling/ksampler.h"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "sampling/noise.h"
#include "sampling/schedules.h"
#include "tests/support/expect_error.h"

namespace zanime::sampling {
namespace {

Tensor filled(const Shape& shape, float value) {
  Tensor tensor(shape);
  for (float& each : tensor.values()) each = value;
  return tensor;
}

// A model that always expects `value` in its own space.
Guide expecting(float value) {
  return [value](const Tensor& x, float, bool) -> Denoised {
    return {filled(x.shape(), value), {}};
  };
}

const Shape kShape{1, 16, 2, 3};

SampleRequest request() {
  SampleRequest request;
  request.sigmas = make_sigmas("simple", FlowSchedule(), 4);
  request.latent = Tensor::zeros(kShape);
  request.noise = normal_noise(kShape, 1);
  return request;
}

TEST(KSampler, ResultIsInTheRawSpace) {
  const Tensor raw = sample(expecting(0.2f), FlowSchedule(), request());
  for (const float value : raw.values()) EXPECT_NEAR(value, 0.2f / 0.3611f + 0.1159f, 1e-6);
}

TEST(KSampler, StartsFromNoiseAndTheLatentInTheModelsSpace) {
  SampleRequest r = request();
  r.latent = filled(kShape, 1.0f);
  r.sigmas = {0.6f, 0.0f};
  Tensor seen;
  r.on_step = [&seen](const SamplerStep& step) { seen = step.x.clone(); };
  sample(expecting(0.0f), FlowSchedule(), r);
  for (int64_t i = 0; i < seen.size(); ++i) {
    EXPECT_NEAR(seen.data()[i], 0.6f * r.noise.data()[i] + 0.4f * (1.0f - 0.1159f) * 0.3611f, 1e-6);
  }
}

TEST(KSampler, AZeroLatentIsNotShifted) {
  SampleRequest r = request();
  r.sigmas = {0.5f, 0.0f};
  Tensor seen;
  r.on_step = [&seen](const SamplerStep& step) { seen = step.x.clone(); };
  sample(expecting(0.0f), FlowSchedule(), r);
  for (int64_t i = 0; i < seen.size(); ++i) EXPECT_EQ(seen.data()[i], 0.5f * r.noise.data()[i]);
}

TEST(KSampler, TwoWindowsOfAScheduleEqualTheWhole) {
  const Guide guide = [](const Tensor& x, float sigma, bool) -> Denoised {
    Tensor out(x.shape());
    for (int64_t i = 0; i < x.size(); ++i) out.data()[i] = std::tanh(x.data()[i]) * (1.0f - sigma);
    return {out, {}};
  };
  const Tensor whole = sample(guide, FlowSchedule(), request());
  SampleRequest first = request();
  first.sigmas = sigma_window(first.sigmas, 0, 2, false);
  SampleRequest second = request();
  second.sigmas = sigma_window(second.sigmas, 2, 10000, true);
  second.latent = sample(guide, FlowSchedule(), first);
  second.noise = Tensor::zeros(kShape);
  const Tensor joined = sample(guide, FlowSchedule(), second);
  for (int64_t i = 0; i < whole.size(); ++i) EXPECT_NEAR(whole.data()[i], joined.data()[i], 1e-5);
}

TEST(KSampler, WindowsOfASchedule) {
  const std::vector<float> sigmas{1.0f, 0.8f, 0.5f, 0.2f, 0.0f};
  EXPECT_EQ(sigma_window(sigmas, 0, 10000, true), sigmas);
  EXPECT_EQ(sigma_window(sigmas, 1, 3, false), (std::vector<float>{0.8f, 0.5f, 0.2f}));
  EXPECT_EQ(sigma_window(sigmas, 1, 3, true), (std::vector<float>{0.8f, 0.5f, 0.0f}));
  EXPECT_TRUE(sigma_window(sigmas, 4, 10000, true).empty());
  EXPECT_TRUE(sigma_window(sigmas, 3, 2, true).empty());
  EXPECT_TRUE(sigma_window({}, 0, 10000, true).empty());
}

TEST(KSampler, NothingToDoReturnsTheLatent) {
  SampleRequest r = request();
  r.latent = filled(kShape, 1.5f);
  r.sigmas = {};
  EXPECT_EQ(sample(expecting(0.0f), FlowSchedule(), r).data()[3], 1.5f);
}

TEST(KSampler, EmptyLatentsAreWidened) {
  EXPECT_EQ(fix_empty_latent(Tensor::zeros({2, 4, 8, 9}), {}).shape(), (Shape{2, 16, 8, 9}));
  EXPECT_EQ(fix_empty_latent(filled({2, 4, 8, 9}, 1.0f), {}).shape(), (Shape{2, 4, 8, 9}));
}

TEST(KSampler, BadRequestsAreErrors) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  testing::expect_error(ErrorKind::kNumeric, "not finite",
                        [&] { sample(expecting(nan), FlowSchedule(), request()); });
  SampleRequest r = request();
  r.sigmas = make_sigmas("kl_optimal", FlowSchedule(), 1);
  testing::expect_error(ErrorKind::kNumeric, "another scheduler",
                        [&] { sample(expecting(0.0f), FlowSchedule(), r); });
  r = request();
  r.noise = normal_noise({1, 16, 3, 3}, 1);
  testing::expect_error(ErrorKind::kUsage, "[1, 16, 3, 3]",
                        [&] { sample(expecting(0.0f), FlowSchedule(), r); });
  r = request();
  r.sigmas = {1.0f};
  testing::expect_error(ErrorKind::kUsage, "below 1",
                        [&] { sample(expecting(0.0f), FlowSchedule(), r); });
}

}  // namespace
}  // namespace zanime::sampling
