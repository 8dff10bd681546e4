// DDPM's ancestral sampling (Ho et al. 2020, arXiv 2006.11239, algorithm 2), in the variance-
// preserving frame x / sqrt(1 + sigma^2) with alpha_bar = 1 / (1 + sigma^2).
#include <cmath>

#include "sampling/solvers/ancestral.h"
#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"

namespace zanime::sampling {

Tensor ddpm(const SamplerContext& context, Tensor x) {
  NoiseGenerator noise = ancestral_noise(context);
  for (size_t i = 0; i < step_count(context); ++i) {
    const double sigma = context.sigmas[i];
    const double next = context.sigmas[i + 1];
    const Tensor denoised = open_step(context, i, x);
    const double alpha_bar = 1.0 / (1.0 + sigma * sigma);
    const double alpha_bar_next = 1.0 / (1.0 + next * next);
    const double alpha = alpha_bar / alpha_bar_next;
    const double scale = std::sqrt(1.0 / alpha);
    const double predicted = scale * (1.0 - alpha) / std::sqrt(1.0 - alpha_bar);
    const Tensor eps = derivative(x, denoised, sigma);
    x = weighted_sum({{scale * std::sqrt(alpha_bar), x}, {-predicted, eps}});
    if (next > 0.0) {
      const double spread = std::sqrt((1.0 - alpha) * (1.0 - alpha_bar_next) / (1.0 - alpha_bar));
      const double out = std::sqrt(1.0 + next * next);
      x = weighted_sum({{out, x}, {out * spread, noise.normal(x.shape())}});
    }
  }
  return x;
}

}  // namespace zanime::sampling
