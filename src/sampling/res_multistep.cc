// RES, the refined exponential solver, as a second-order multistep method: Zhang et al. 2023
// (arXiv 2308.02157), with the time variable t = -log sigma.
#include <cmath>

#include "sampling/sampler_functions.h"
#include "sampling/sampler_steps.h"

namespace zanime::samplers {

Tensor res_multistep(const SamplerContext& context, Tensor x) {
  const std::vector<float>& sigmas = context.sigmas;
  Tensor previous;
  for (size_t i = 0; i < step_count(context); ++i) {
    const Tensor denoised = open_step(context, i, x);
    if (previous.empty() || sigmas[i + 1] == 0.0f) {
      x = euler_step(x, denoised, sigmas[i], sigmas[i + 1]);
    } else {
      const double h = std::log(sigmas[i]) - std::log(sigmas[i + 1]);
      const double c2 = (std::log(sigmas[i]) - std::log(sigmas[i - 1])) / h;
      const double phi1 = std::expm1(-h) / -h;
      const double phi2 = (phi1 - 1.0) / -h;
      x = weighted_sum(
          {{std::exp(-h), x}, {h * (phi1 - phi2 / c2), denoised}, {h * (phi2 / c2), previous}});
    }
    previous = denoised;
  }
  return x;
}

}  // namespace zanime::samplers
