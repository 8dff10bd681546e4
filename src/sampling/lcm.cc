// Multistep consistency sampling (Song et al. 2023, arXiv 2303.01469, algorithm 1; Latent
// Consistency Models, arXiv 2310.04378): take the denoised picture, noise it anew, repeat.
#include "sampling/ancestral.h"
#include "sampling/sampler_functions.h"
#include "sampling/sampler_steps.h"

namespace zanime::sampling {

Tensor lcm(const SamplerContext& context, Tensor x) {
  NoiseGenerator noise = ancestral_noise(context);
  for (size_t i = 0; i < step_count(context); ++i) {
    const double next = context.sigmas[i + 1];
    const Tensor denoised = open_step(context, i, x);
    if (next == 0.0) return denoised;
    x = weighted_sum({{next, noise.normal(x.shape())}, {1.0 - next, denoised}});
  }
  return x;
}

}  // namespace zanime::sampling
