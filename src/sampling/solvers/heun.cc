// Heun's method, the explicit trapezoidal rule, on the probability-flow ODE.
#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"

namespace zanime::sampling {

// Karras et al. 2022 (arXiv 2206.00364), algorithm 2 without churn.
Tensor heun(const SamplerContext& context, Tensor x) {
  for (size_t i = 0; i < step_count(context); ++i) {
    const float sigma = context.sigmas[i];
    const float next = context.sigmas[i + 1];
    const Tensor denoised = open_step(context, i, x);
    const Tensor x_next = euler_step(x, denoised, sigma, next);
    if (next == 0.0f) return x_next;
    const Tensor d = derivative(x, denoised, sigma);
    const Tensor d_next = derivative(x_next, evaluate(context, x_next, next), next);
    const double half_step = (static_cast<double>(next) - sigma) / 2.0;
    x = weighted_sum({{1.0, x}, {half_step, d}, {half_step, d_next}});
  }
  return x;
}

// Heun++ (the "sd-webui-samplers-scheduler" project): looks up to two sigmas ahead and weighs each
// derivative by its sigma.
Tensor heunpp2(const SamplerContext& context, Tensor x) {
  const std::vector<float>& sigmas = context.sigmas;
  const float end = sigmas.back();
  for (size_t i = 0; i < step_count(context); ++i) {
    const double step = static_cast<double>(sigmas[i + 1]) - sigmas[i];
    const Tensor denoised = open_step(context, i, x);
    const Tensor x1 = euler_step(x, denoised, sigmas[i], sigmas[i + 1]);
    if (sigmas[i + 1] == end) {
      x = x1;
      continue;
    }
    const Tensor d = derivative(x, denoised, sigmas[i]);
    const Tensor denoised1 = evaluate(context, x1, sigmas[i + 1]);
    const Tensor d1 = derivative(x1, denoised1, sigmas[i + 1]);
    if (sigmas[i + 2] == end) {
      const double w1 = sigmas[i + 1] / (2.0 * sigmas[0]);
      x = weighted_sum({{1.0, x}, {(1.0 - w1) * step, d}, {w1 * step, d1}});
    } else {
      const Tensor x2 = euler_step(x1, denoised1, sigmas[i + 1], sigmas[i + 2]);
      const Tensor d2 = derivative(x2, evaluate(context, x2, sigmas[i + 2]), sigmas[i + 2]);
      const double w1 = sigmas[i + 1] / (3.0 * sigmas[0]);
      const double w2 = sigmas[i + 2] / (3.0 * sigmas[0]);
      x = weighted_sum({{1.0, x}, {(1.0 - w1 - w2) * step, d}, {w1 * step, d1}, {w2 * step, d2}});
    }
  }
  return x;
}

}  // namespace zanime::sampling
