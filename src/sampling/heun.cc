// Heun's method, the explicit trapezoidal rule, on the probability-flow ODE: Karras et al. 2022
// (arXiv 2206.00364), algorithm 2 without churn.
#include "sampling/sampler_functions.h"
#include "sampling/sampler_steps.h"

namespace zanime::samplers {

Tensor heun(const SamplerContext& context, Tensor x) {
  for (size_t i = 0; i < step_count(context); ++i) {
    const float sigma = context.sigmas[i];
    const float next = context.sigmas[i + 1];
    const Tensor denoised = open_step(context, i, x);
    const Tensor x_euler = euler_step(x, denoised, sigma, next);
    if (next == 0.0f) return x_euler;
    const Tensor d = derivative(x, denoised, sigma);
    const Tensor d_next = derivative(x_euler, evaluate(context, x_euler, next), next);
    const double half_step = (static_cast<double>(next) - sigma) / 2.0;
    x = weighted_sum({{1.0, x}, {half_step, d}, {half_step, d_next}});
  }
  return x;
}

}  // namespace zanime::samplers
