#include "sampling/solvers/sampler_steps.h"

namespace zanime::sampling {

Denoised open_step(const SamplerContext& context, size_t index, const Tensor& x, float sigma,
                   bool need_unconditional) {
  Denoised denoised = context.guide(x, sigma, need_unconditional);
  if (context.on_step) {
    context.on_step({.index = static_cast<int>(index),
                     .total = static_cast<int>(step_count(context)),
                     .sigma = sigma,
                     .x = x,
                     .denoised = denoised.guided});
  }
  return denoised;
}

Tensor open_step(const SamplerContext& context, size_t index, const Tensor& x) {
  return open_step(context, index, x, context.sigmas[index]).guided;
}

Tensor evaluate(const SamplerContext& context, const Tensor& x, float sigma) {
  return context.guide(x, sigma, false).guided;
}

Tensor euler_step(const Tensor& x, const Tensor& denoised, double sigma, double next) {
  return weighted_sum({{next / sigma, x}, {1.0 - next / sigma, denoised}});
}

Tensor derivative(const Tensor& x, const Tensor& denoised, double sigma) {
  return weighted_sum({{1.0 / sigma, x}, {-1.0 / sigma, denoised}});
}

}  // namespace zanime::sampling
