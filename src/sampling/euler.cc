// Euler's method on the probability-flow ODE: Karras et al. 2022 (arXiv 2206.00364), algorithm 2
// without churn. DDIM (arXiv 2010.02502) is the same walk.
#include "sampling/sampler_functions.h"
#include "sampling/sampler_steps.h"

namespace zanime::samplers {

Tensor euler(const SamplerContext& context, Tensor x) {
  for (size_t i = 0; i < step_count(context); ++i) {
    const Tensor denoised = open_step(context, i, x);
    x = euler_step(x, denoised, context.sigmas[i], context.sigmas[i + 1]);
  }
  return x;
}

}  // namespace zanime::samplers
