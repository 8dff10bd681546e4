// The SDE forms of DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095, section 3.4 and appendix) with
// the noise of a Brownian path. lambda is the half log SNR, and alpha = 1 - sigma.
#include <cmath>

#include "sampling/ancestral.h"
#include "sampling/brownian.h"
#include "sampling/sampler_functions.h"
#include "sampling/sampler_steps.h"
#include "sampling/snr.h"

namespace zanime::sampling {
namespace {

// One first-order step of the SDE in the variance-exploding frame x / alpha, where noise levels are
// sigma / alpha = e^-lambda: ancestral, then back to the flow's frame.
Tensor sde_step(const Tensor& x, const Tensor& denoised, float sigma, float next,
                const Tensor& noise) {
  const double alpha = 1.0 - sigma;
  const double alpha_next = 1.0 - next;
  const auto [down, up] = ancestral_step(sigma / alpha, next / alpha_next);
  const double decay = down * alpha / sigma;
  return weighted_sum({{alpha_next / alpha * decay, x},
                       {alpha_next * (1.0 - decay), denoised},
                       {alpha_next * up, noise}});
}

enum class Correction { kMidpoint, kHeun };

// (1 - e^-h) / -h + 1 and the next of the series: the weights of slope and curvature.
double phi2(double h) { return std::expm1(-h) / h + 1.0; }
double phi3(double h) { return phi2(h) / h - 0.5; }

// The multistep solvers' common part: x shrunk, the prediction, and the noise. The SDE's noise
// doubles the step in lambda that the prediction's weight sees.
struct SdeWeights {
  SdeWeights(float sigma, float next)
      : h(half_log_snr(next) - half_log_snr(sigma)),
        alpha(1.0 - next),
        keep(static_cast<double>(next) / sigma * std::exp(-h)),
        predicted(-alpha * std::expm1(-2.0 * h)),
        noise(next * std::sqrt(-std::expm1(-2.0 * h))) {}
  double h;
  double alpha;
  double keep;
  double predicted;
  double noise;
};

Tensor multistep_2m(const SamplerContext& context, Tensor x, Correction correction) {
  const std::vector<float> sigmas = sigmas_below_one(context.sigmas, context.flow);
  BrownianNoise noise(x.shape(), context.sigmas, context.seed);
  Tensor previous;
  double h_previous = 0.0;
  for (size_t i = 0; i < step_count(context); ++i) {
    const Tensor denoised = open_step(context, i, x, sigmas[i]).guided;
    if (sigmas[i + 1] == 0.0f) return denoised;
    const SdeWeights step(sigmas[i], sigmas[i + 1]);
    std::vector<WeightedTensor> terms{{step.keep, x}, {step.predicted, denoised}};
    if (!previous.empty()) {
      const double slope =
          correction == Correction::kHeun ? step.alpha * phi2(2.0 * step.h) : 0.5 * step.predicted;
      const double part = slope * step.h / h_previous;
      terms.insert(terms.end(), {{part, denoised}, {-part, previous}});
    }
    terms.push_back({step.noise, noise(sigmas[i], sigmas[i + 1])});
    x = weighted_sum(terms);
    previous = denoised;
    h_previous = step.h;
  }
  return x;
}

}  // namespace

// DPM-Solver++(SDE), single-step: to the middle in lambda, then the whole step with the middle's
// prediction.
Tensor dpmpp_sde(const SamplerContext& context, Tensor x) {
  const std::vector<float> sigmas = sigmas_below_one(context.sigmas, context.flow);
  BrownianNoise noise(x.shape(), context.sigmas, context.seed);
  for (size_t i = 0; i < step_count(context); ++i) {
    const float sigma = sigmas[i];
    const float next = sigmas[i + 1];
    const Tensor denoised = open_step(context, i, x, sigma).guided;
    if (next == 0.0f) return denoised;
    const float middle = sigma_at((half_log_snr(sigma) + half_log_snr(next)) / 2.0);
    const Tensor x_middle = sde_step(x, denoised, sigma, middle, noise(sigma, middle));
    const Tensor denoised_middle = evaluate(context, x_middle, middle);
    x = sde_step(x, denoised_middle, sigma, next, noise(sigma, next));
  }
  return x;
}

Tensor dpmpp_2m_sde(const SamplerContext& context, Tensor x) {
  return multistep_2m(context, std::move(x), Correction::kMidpoint);
}

Tensor dpmpp_2m_sde_heun(const SamplerContext& context, Tensor x) {
  return multistep_2m(context, std::move(x), Correction::kHeun);
}

// Third order: slope and curvature from the last three predictions.
Tensor dpmpp_3m_sde(const SamplerContext& context, Tensor x) {
  const std::vector<float> sigmas = sigmas_below_one(context.sigmas, context.flow);
  BrownianNoise noise(x.shape(), context.sigmas, context.seed);
  Tensor denoised1, denoised2;  // of the last step and the one before
  double h1 = 0.0, h2 = 0.0;
  for (size_t i = 0; i < step_count(context); ++i) {
    const Tensor denoised = open_step(context, i, x, sigmas[i]).guided;
    if (sigmas[i + 1] == 0.0f) return denoised;
    const SdeWeights step(sigmas[i], sigmas[i + 1]);
    x = weighted_sum({{step.keep, x}, {step.predicted, denoised}});
    const double weight2 = step.alpha * phi2(2.0 * step.h);
    if (!denoised1.empty()) {
      const double r0 = h1 / step.h;
      const Tensor slope0 = weighted_sum({{1.0 / r0, denoised}, {-1.0 / r0, denoised1}});
      if (denoised2.empty()) {
        x = weighted_sum({{1.0, x}, {weight2, slope0}});
      } else {
        const double r1 = h2 / step.h;
        const Tensor slope1 = weighted_sum({{1.0 / r1, denoised1}, {-1.0 / r1, denoised2}});
        const Tensor curvature =
            weighted_sum({{1.0 / (r0 + r1), slope0}, {-1.0 / (r0 + r1), slope1}});
        const double weight3 = step.alpha * phi3(2.0 * step.h);
        x = weighted_sum({{1.0, x}, {weight2, slope0}, {weight2 * r0 - weight3, curvature}});
      }
    }
    x = weighted_sum({{1.0, x}, {step.noise, noise(sigmas[i], sigmas[i + 1])}});
    denoised2 = denoised1;
    denoised1 = denoised;
    h2 = h1;
    h1 = step.h;
  }
  return x;
}

}  // namespace zanime::sampling
