// DPM-Solver-2 (Lu et al. 2022, arXiv 2206.00927) in the form of Karras et al. 2022: the midpoint
// rule, with the middle of a step taken in log sigma.
#include <cmath>

#include "sampling/solvers/ancestral.h"
#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"

namespace zanime::sampling {
namespace {

Tensor midpoint_step(const SamplerContext& context, const Tensor& x, const Tensor& denoised,
                     double sigma, double next) {
  const float middle = static_cast<float>(std::sqrt(sigma * next));
  const Tensor x_middle = euler_step(x, denoised, sigma, middle);
  const Tensor d = derivative(x_middle, evaluate(context, x_middle, middle), middle);
  return weighted_sum({{1.0, x}, {next - sigma, d}});
}

}  // namespace

Tensor dpm_2(const SamplerContext& context, Tensor x) {
  for (size_t i = 0; i < step_count(context); ++i) {
    const double sigma = context.sigmas[i];
    const double next = context.sigmas[i + 1];
    const Tensor denoised = open_step(context, i, x);
    if (next == 0.0) return denoised;
    x = midpoint_step(context, x, denoised, sigma, next);
  }
  return x;
}

Tensor dpm_2_ancestral(const SamplerContext& context, Tensor x) {
  NoiseGenerator noise = ancestral_noise(context);
  for (size_t i = 0; i < step_count(context); ++i) {
    const double sigma = context.sigmas[i];
    const double next = context.sigmas[i + 1];
    const Tensor denoised = open_step(context, i, x);
    if (next == 0.0) return denoised;
    const auto [down, keep, renoise] = flow_ancestral_step(sigma, next);
    x = weighted_sum({{keep, midpoint_step(context, x, denoised, sigma, down)},
                      {renoise, noise.normal(x.shape())}});
  }
  return x;
}

}  // namespace zanime::sampling
