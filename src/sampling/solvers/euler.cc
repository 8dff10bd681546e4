// Euler's method on the probability-flow ODE: Karras et al. 2022 (arXiv 2206.00364), algorithm 2
// without churn. DDIM (arXiv 2010.02502) is the same walk.
#include <utility>

#include "sampling/solvers/ancestral.h"
#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"

namespace zanime::sampling {
namespace {

// CFG++ (arXiv 2406.08070): the guided picture is renoised with the noise that the unconditional
// prediction finds in x.
Tensor cfg_pp(const SamplerContext& context, Tensor x, const NoiseAmount& amount) {
  NoiseGenerator noise = ancestral_noise(context);
  for (size_t i = 0; i < step_count(context); ++i) {
    const double sigma = context.sigmas[i];
    const double next = context.sigmas[i + 1];
    const Denoised denoised = open_step(context, i, x, context.sigmas[i], true);
    if (next == 0.0) return denoised.guided;
    const double alpha = 1.0 - sigma;
    const double alpha_next = 1.0 - next;
    const auto [down, up] = ancestral_step(sigma / alpha, next / alpha_next, amount.eta);
    const double noise_part = alpha_next * down / sigma;
    x = weighted_sum({{alpha_next, denoised.guided},
                      {noise_part, x},
                      {-noise_part * alpha, denoised.unconditional}});
    if (amount.eta > 0.0) {
      x = weighted_sum({{1.0, x}, {alpha_next * up * amount.scale, noise.normal(x.shape())}});
    }
  }
  return x;
}

}  // namespace

Tensor euler(const SamplerContext& context, Tensor x) {
  for (size_t i = 0; i < step_count(context); ++i) {
    const Tensor denoised = open_step(context, i, x);
    x = euler_step(x, denoised, context.sigmas[i], context.sigmas[i + 1]);
  }
  return x;
}

Tensor euler_ancestral_with(const SamplerContext& context, Tensor x, const NoiseAmount& amount) {
  NoiseGenerator noise = ancestral_noise(context);
  for (size_t i = 0; i < step_count(context); ++i) {
    const double sigma = context.sigmas[i];
    const double next = context.sigmas[i + 1];
    const Tensor denoised = open_step(context, i, x);
    if (next == 0.0) return denoised;
    const auto [down, keep, renoise] = flow_ancestral_step(sigma, next, amount.eta);
    x = euler_step(x, denoised, sigma, down);
    if (amount.eta > 0.0) {
      x = weighted_sum({{keep, x}, {renoise * amount.scale, noise.normal(x.shape())}});
    }
  }
  return x;
}

Tensor euler_ancestral(const SamplerContext& context, Tensor x) {
  return euler_ancestral_with(context, std::move(x), {});
}

Tensor euler_cfg_pp(const SamplerContext& context, Tensor x) {
  return cfg_pp(context, std::move(x), {.eta = 0.0});
}

Tensor euler_ancestral_cfg_pp(const SamplerContext& context, Tensor x) {
  return cfg_pp(context, std::move(x), {});
}

Tensor euler_ancestral_cfg_pp_with(const SamplerContext& context, Tensor x,
                                   const NoiseAmount& amount) {
  return cfg_pp(context, std::move(x), amount);
}

Tensor euler_cfg_pp_alternative(const SamplerContext& context, Tensor x) {
  for (size_t i = 0; i < step_count(context); ++i) {
    const double sigma = context.sigmas[i];
    const double step = (context.sigmas[i + 1] - sigma) / sigma;
    const Denoised denoised = open_step(context, i, x, context.sigmas[i], true);
    x = weighted_sum(
        {{1.0 + step, x}, {-2.0 * step, denoised.guided}, {step, denoised.unconditional}});
  }
  return x;
}

}  // namespace zanime::sampling
