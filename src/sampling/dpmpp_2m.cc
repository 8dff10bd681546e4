// DPM-Solver++(2M), a multistep solver in the half log signal-to-noise ratio: Lu et al. 2022
// (arXiv 2211.01095), algorithm 2, with the time variable t = -log sigma.
#include <cmath>

#include "sampling/sampler_functions.h"
#include "sampling/sampler_steps.h"

namespace zanime::samplers {

Tensor dpmpp_2m(const SamplerContext& context, Tensor x) {
  const std::vector<float>& sigmas = context.sigmas;
  Tensor previous;
  for (size_t i = 0; i < step_count(context); ++i) {
    const Tensor denoised = open_step(context, i, x);
    if (previous.empty() || sigmas[i + 1] == 0.0f) {
      x = euler_step(x, denoised, sigmas[i], sigmas[i + 1]);
    } else {
      const double h = std::log(sigmas[i]) - std::log(sigmas[i + 1]);
      const double h_previous = std::log(sigmas[i - 1]) - std::log(sigmas[i]);
      const double share = h / (2.0 * h_previous);  // of the step, to extrapolate by
      const Tensor ahead = weighted_sum({{1.0 + share, denoised}, {-share, previous}});
      x = euler_step(x, ahead, sigmas[i], sigmas[i + 1]);
    }
    previous = denoised;
  }
  return x;
}

}  // namespace zanime::samplers
