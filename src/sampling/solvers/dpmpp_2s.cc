// DPM-Solver++(2S), the single-step solver of second order: Lu et al. 2022 (arXiv 2211.01095),
// algorithm 1, with ancestral noise.
#include <cmath>
#include <utility>

#include "sampling/solvers/ancestral.h"
#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"
#include "sampling/solvers/snr.h"

namespace zanime::sampling {

Tensor dpmpp_2s_ancestral(const SamplerContext& context, Tensor x) {
  return dpmpp_2s_ancestral_with(context, std::move(x), {});
}

Tensor dpmpp_2s_ancestral_with(const SamplerContext& context, Tensor x, const NoiseAmount& amount) {
  // Stands for the middle of a step from sigma 1, where the half log SNR is infinite.
  constexpr float kFirstMiddle = 0.9999f;
  NoiseGenerator noise = ancestral_noise(context);
  for (size_t i = 0; i < step_count(context); ++i) {
    const double sigma = context.sigmas[i];
    const double next = context.sigmas[i + 1];
    const Tensor denoised = open_step(context, i, x);
    if (next == 0.0) return denoised;
    const auto [down, keep, renoise] = flow_ancestral_step(sigma, next, amount.eta);
    const float middle =
        sigma == 1.0 ? kFirstMiddle : sigma_at((half_log_snr(sigma) + half_log_snr(down)) / 2.0);
    const Tensor x_middle = euler_step(x, denoised, sigma, middle);
    const Tensor denoised_middle = evaluate(context, x_middle, middle);
    x = euler_step(x, denoised_middle, sigma, down);
    if (amount.eta > 0.0) {
      x = weighted_sum({{keep, x}, {renoise * amount.scale, noise.normal(x.shape())}});
    }
  }
  return x;
}

// With CFG++ (arXiv 2406.08070), in t = -log sigma. Like the reference, it moves x by the guidance
// that the step's last evaluation shows.
Tensor dpmpp_2s_ancestral_cfg_pp(const SamplerContext& context, Tensor x) {
  NoiseGenerator noise = ancestral_noise(context);
  for (size_t i = 0; i < step_count(context); ++i) {
    const double sigma = context.sigmas[i];
    const double next = context.sigmas[i + 1];
    const Denoised first = open_step(context, i, x, context.sigmas[i], true);
    if (next == 0.0) return first.guided;
    const auto [down, up] = ancestral_step(sigma, next);
    const float middle = static_cast<float>(std::sqrt(sigma * down));
    const Tensor moved = weighted_sum({{1.0, x}, {1.0, first.guided}, {-1.0, first.unconditional}});
    const Tensor x_middle = euler_step(moved, first.guided, sigma, middle);
    const Denoised second = context.guide(x_middle, middle, true);
    const Tensor moved_again =
        weighted_sum({{1.0, x}, {1.0, first.guided}, {-1.0, second.unconditional}});
    x = weighted_sum({{1.0, euler_step(moved_again, second.guided, sigma, down)},
                      {up, noise.normal(x.shape())}});
  }
  return x;
}

}  // namespace zanime::sampling
