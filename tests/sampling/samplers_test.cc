// Samplers where the answer is known: data that is normally distributed.
#include "sampling/samplers.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sampling/noise.h"
#include "sampling/schedules.h"
#include "tests/support/expect_error.h"

namespace zanime::sampling {
namespace {

constexpr double kMean = 0.4;
constexpr double kSpread = 0.5;

// Standard deviation of x_sigma = (1 - sigma) data + sigma noise.
double spread_at(double sigma) { return std::hypot((1.0 - sigma) * kSpread, sigma); }

// The exact denoiser of N(kMean, kSpread^2).
Guide gaussian() {
  return [](const Tensor& x, float sigma, bool) -> Denoised {
    const double signal = 1.0 - static_cast<double>(sigma);
    const double gain = signal * kSpread * kSpread / (spread_at(sigma) * spread_at(sigma));
    Tensor out(x.shape());
    for (int64_t i = 0; i < x.size(); ++i) {
      out.data()[i] = static_cast<float>(kMean + gain * (x.data()[i] - signal * kMean));
    }
    return {out, out};
  };
}

SamplerContext context_for(std::vector<float> sigmas) {
  return {.guide = gaussian(),
          .sigmas = std::move(sigmas),
          .flow = FlowSchedule(),
          .seed = 11,
          .on_step = nullptr};
}

// Largest error of a walk of `steps` equal steps from sigma 0.95 to 0.25. The probability-flow ODE
// keeps (x - its mean) / its spread, so the end is known.
double walk_error(const std::string& sampler, int steps) {
  constexpr double kFrom = 0.95;
  constexpr double kTo = 0.25;
  std::vector<float> sigmas;
  for (int i = 0; i <= steps; ++i) {
    sigmas.push_back(static_cast<float>(kFrom + (kTo - kFrom) * i / steps));
  }
  const Tensor start = normal_noise({1, 1, 4, 8}, 2);
  const Tensor end = run_sampler(sampler, context_for(sigmas), start.clone());
  double worst = 0.0;
  for (int64_t i = 0; i < start.size(); ++i) {
    const double z = (start.data()[i] - (1.0 - sigmas.front()) * kMean) / spread_at(sigmas.front());
    const double exact = (1.0 - sigmas.back()) * kMean + spread_at(sigmas.back()) * z;
    worst = std::max(worst, std::abs(end.data()[i] - exact));
  }
  return worst;
}

TEST(Samplers, ConvergeAtTheirOrder) {
  const std::map<std::string, int> orders{
      {"euler", 1},         {"ddim", 1},   {"euler_cfg_pp", 1}, {"heun", 2},  {"dpm_2", 2},
      {"exp_heun_2_x0", 2}, {"lms", 2},    {"dpmpp_2m", 2},     {"ipndm", 2}, {"ipndm_v", 2},
      {"res_multistep", 2}, {"uni_pc", 2}, {"uni_pc_bh2", 2}};
  for (const auto& [sampler, order] : orders) {
    const double coarse = walk_error(sampler, 32);
    const double fine = walk_error(sampler, 64);
    EXPECT_LT(coarse, 0.1) << sampler;
    // A solver of order p makes a 2^p times smaller error with half the step; float32 sets a floor.
    EXPECT_LT(fine, std::max(coarse / std::pow(2.0, order - 0.25), 2e-6)) << sampler;
  }
}

TEST(Samplers, SolversOfMixedOrderHaveLittleError) {
  EXPECT_LT(walk_error("dpm_fast", 48), 2e-3);
  EXPECT_LT(walk_error("deis", 12), 1e-2);
  EXPECT_LT(walk_error("dpm_adaptive", 12), 2e-2);
}

TEST(Samplers, WithNoiseStillGiveTheDistribution) {
  for (const std::string sampler :
       {"euler_ancestral", "dpm_2_ancestral", "dpmpp_2s_ancestral", "dpmpp_sde", "dpmpp_2m_sde",
        "dpmpp_2m_sde_heun", "dpmpp_3m_sde", "er_sde", "seeds_2", "seeds_3", "exp_heun_2_x0_sde",
        "sa_solver", "sa_solver_pece"}) {
    const std::vector<float> sigmas = make_sigmas("sgm_uniform", FlowSchedule(), 100);
    const Tensor end = run_sampler(sampler, context_for(sigmas), normal_noise({1, 1, 64, 64}, 2));
    double sum = 0.0, squares = 0.0;
    for (const float value : end.values()) {
      sum += value;
      squares += static_cast<double>(value) * value;
    }
    const double mean = sum / static_cast<double>(end.size());
    EXPECT_NEAR(mean, kMean, 0.03) << sampler;
    EXPECT_NEAR(std::sqrt(squares / static_cast<double>(end.size()) - mean * mean), kSpread, 0.04)
        << sampler;
  }
}

TEST(Samplers, RunFromTheFirstStepToTheLastAndRepeat) {
  for (const std::string& sampler : sampler_names()) {
    for (const int steps : {1, 2, 3, 4, 7}) {
      SCOPED_TRACE(sampler + " " + std::to_string(steps));
      const std::vector<float> sigmas = make_sigmas("simple", FlowSchedule(), steps, 1.0, sampler);
      SamplerContext context = context_for(sigmas);
      std::vector<int> indices;
      context.on_step = [&](const SamplerStep& step) {
        indices.push_back(step.index);
        EXPECT_EQ(step.total, steps);
        EXPECT_EQ(step.x.shape(), step.denoised.shape());
      };
      const Tensor start = normal_noise({1, 2, 3, 5}, 2);
      const Tensor before = start.clone();
      const Tensor first = run_sampler(sampler, context, start);
      const Tensor second = run_sampler(sampler, context, start);
      EXPECT_TRUE(all_finite(first));
      ASSERT_EQ(first.shape(), start.shape());
      for (int64_t i = 0; i < start.size(); ++i) {
        ASSERT_EQ(first.data()[i], second.data()[i]);
        ASSERT_EQ(start.data()[i], before.data()[i]);
      }
      if (sampler == "dpm_fast" || sampler == "dpm_adaptive") continue;  // choose their own steps
      std::vector<int> expected;
      for (int run = 0; run < 2; ++run) {
        for (int i = 0; i < steps; ++i) expected.push_back(i);
      }
      EXPECT_EQ(indices, expected);
    }
  }
}

TEST(Samplers, StopWhereTheCallbackThrows) {
  SamplerContext context = context_for(make_sigmas("simple", FlowSchedule(), 8));
  int steps = 0;
  context.on_step = [&steps](const SamplerStep&) {
    if (++steps == 3) throw Error(ErrorKind::kCancelled, "stop");
  };
  testing::expect_error(ErrorKind::kCancelled, "stop", [&] {
    run_sampler("euler", context, normal_noise({1, 2, 3, 5}, 2));
  });
  EXPECT_EQ(steps, 3);
}

TEST(Samplers, AreThe44OfTheWidget) {
  EXPECT_EQ(sampler_names().size(), 44u);
  EXPECT_EQ(sampler_names().front(), "euler");
  EXPECT_EQ(sampler_names().back(), "uni_pc_bh2");
  testing::expect_error(ErrorKind::kUsage, "euler, euler_cfg_pp", [] {
    run_sampler("eular", context_for({1.0f, 0.0f}), Tensor::zeros({1, 1, 1, 1}));
  });
}

}  // namespace
}  // namespace zanime::sampling
