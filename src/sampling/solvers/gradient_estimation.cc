// Gradient-estimation sampling: Permenter and Yuan 2024 (arXiv 2306.04848), gamma = 2: Euler's step
// corrected by how the derivative changed since the last one.
#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"

namespace zanime::sampling {
namespace {

constexpr double kGamma = 2.0;

}  // namespace

Tensor gradient_estimation(const SamplerContext& context, Tensor x) {
  Tensor previous;
  for (size_t i = 0; i < step_count(context); ++i) {
    const double sigma = context.sigmas[i];
    const double next = context.sigmas[i + 1];
    const Tensor denoised = open_step(context, i, x);
    if (next == 0.0) return denoised;
    const Tensor d = derivative(x, denoised, sigma);
    x = euler_step(x, denoised, sigma, next);
    if (!previous.empty()) {
      const double change = (kGamma - 1.0) * (next - sigma);
      x = weighted_sum({{1.0, x}, {change, d}, {-change, previous}});
    }
    previous = d;
  }
  return x;
}

// With CFG++ (arXiv 2406.08070): the derivative is that of the unconditional prediction.
Tensor gradient_estimation_cfg_pp(const SamplerContext& context, Tensor x) {
  Tensor previous;
  for (size_t i = 0; i < step_count(context); ++i) {
    const double sigma = context.sigmas[i];
    const double next = context.sigmas[i + 1];
    const Denoised denoised = open_step(context, i, x, context.sigmas[i], true);
    if (next == 0.0) return denoised.guided;
    const Tensor d = derivative(x, denoised.unconditional, sigma);
    x = weighted_sum({{1.0, denoised.guided}, {next, d}});
    if (!previous.empty()) {
      const double change = (kGamma - 1.0) * (next - sigma);
      x = weighted_sum({{1.0, x}, {change, d}, {-change, previous}});
    }
    previous = d;
  }
  return x;
}

}  // namespace zanime::sampling
