// Every sampler on the reduced model, against ComfyUI.
#include <array>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "checkpoints/open_model.h"
#include "models/next_dit.h"
#include "sampling/ksampler.h"
#include "sampling/noise.h"
#include "sampling/samplers.h"
#include "sampling/schedules.h"
#include "tests/support/backends.h"
#include "tests/support/golden.h"
#include "tests/support/random_tensor.h"
#include "tests/support/synthetic_models.h"

namespace zanime::engine {
namespace {

using namespace zanime::testing;

class ReducedModel {
 public:
  // denoised = x - sigma velocity, under the golden conditioning of a prompt.
  sampling::Denoise under_prompt(int prompt) {
    const Tensor rows = golden_tensor("text/fp8/" + std::to_string(prompt));
    const models::NextDit::Caption caption =
        network_.embed_caption(rows.reshaped({rows.dim(1), rows.dim(2)}), *backend_, cancel_);
    return [this, caption](const Tensor& x, float sigma) {
      Tensor denoised = network_.velocity(x, sigma, caption, network_.canvas(x, caption, *backend_),
                                          *backend_, cancel_);
      for (int64_t i = 0; i < x.size(); ++i) {
        denoised.data()[i] = x.data()[i] - sigma * denoised.data()[i];
      }
      return denoised;
    };
  }

 private:
  models::NextDit network_{
      checkpoints::open_model_weights(tiny_dit("fp32"), checkpoints::ModelFamily::kZImage)};
  std::shared_ptr<ops::Backend> backend_ = testing::float32_backend();
  CancelToken cancel_;
};

// The golden cases come in threes: every sampler with 8 steps at cfg 1, with 5 steps at cfg 3.5,
// and with 6 steps from a latent at denoise 0.6. One test each, which can run side by side.
class SamplerGolden : public ::testing::TestWithParam<size_t> {};

std::string setting_name(const ::testing::TestParamInfo<size_t>& info) {
  constexpr std::array kNames{"CfgOne", "Guided", "FromALatent"};
  return kNames[info.param];
}

INSTANTIATE_TEST_SUITE_P(Settings, SamplerGolden, ::testing::Values(0, 1, 2), setting_name);

TEST_P(SamplerGolden, EverySamplerGivesTheReferencesLatent) {
  ReducedModel model;
  const nlohmann::json cases = golden_cases().at("samplers");
  std::vector<std::string> run;
  for (size_t index = GetParam(); index < cases.size(); index += 3) {
    const nlohmann::json& c = cases[index];
    const std::string sampler = c.at("sampler");
    const Tensor expected = golden_tensor("sampler/" + std::to_string(index));
    const sampling::FlowSchedule flow(c.at("shift").get<double>());
    const double denoise = c.at("denoise");
    const uint64_t seed = c.at("seed");
    const sampling::SampleRequest request{
        .sampler = sampler,
        .sigmas = sampling::make_sigmas(c.at("scheduler").get<std::string>(), flow, c.at("steps"),
                                        denoise, sampler),
        .latent =
            denoise < 1.0 ? golden_tensor("sampler/latent_in") : Tensor::zeros(expected.shape()),
        .noise = sampling::normal_noise(expected.shape(), seed),
        .seed = seed,
        .format = {},
        .on_step = nullptr};
    const sampling::Guide guide =
        sampling::cfg_guide(model.under_prompt(c.at("positive")),
                            model.under_prompt(c.at("negative")), c.at("cfg").get<float>());
    const Tensor latent = sampling::sample(guide, flow, request);
    ASSERT_EQ(latent.shape(), expected.shape());
    EXPECT_LE(max_difference(latent, expected), 2e-4 * max_magnitude(expected))
        << "case " << index << " " << c.dump();
    run.push_back(sampler);
  }
  EXPECT_EQ(run, sampling::sampler_names());
}

}  // namespace
}  // namespace zanime::engine
