// Multistep consistency sampling (Song et al. 2023, arXiv 2303.01469, algorithm 1; Latent
// Consistency Models, arXiv 2310.04378): take the denoised picture, noise it anew, repeat.
#include <algorithm>
#include <cmath>
#include <utility>

#include "sampling/solvers/ancestral.h"
#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"

namespace zanime::sampling {

namespace {

// Values beyond so many standard deviations (of the sample itself) moved there.
void clip(Tensor& noise, double deviations) {
  double sum = 0.0, squares = 0.0;
  for (const float value : noise.values()) {
    sum += value;
    squares += static_cast<double>(value) * value;
  }
  const auto count = static_cast<double>(noise.size());
  const double variance = (squares - sum * sum / count) / (count - 1.0);
  const auto limit = static_cast<float>(deviations * std::sqrt(std::max(variance, 0.0)));
  for (int64_t i = 0; i < noise.size(); ++i) {
    noise.data()[i] = std::clamp(noise.data()[i], -limit, limit);
  }
}

}  // namespace

Tensor lcm(const SamplerContext& context, Tensor x) { return lcm_with(context, std::move(x), {}); }

Tensor lcm_with(const SamplerContext& context, Tensor x, const LcmNoise& amount) {
  const auto steps = static_cast<double>(step_count(context));
  NoiseGenerator noise = ancestral_noise(context);
  for (size_t i = 0; i < step_count(context); ++i) {
    const double next = context.sigmas[i + 1];
    const Tensor denoised = open_step(context, i, x);
    if (next == 0.0) return denoised;
    Tensor fresh = noise.normal(x.shape());
    if (amount.clip > 0.0) clip(fresh, amount.clip);
    const double done = steps > 1.0 ? static_cast<double>(i) / (steps - 1.0) : 0.0;
    const double scale = amount.first + (amount.last - amount.first) * done;
    x = weighted_sum({{next * scale * context.noise_scale, fresh}, {1.0 - next, denoised}});
  }
  return x;
}

}  // namespace zanime::sampling
