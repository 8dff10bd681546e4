// The SDE forms of DPM-Solver++ (Lu et al. 2022, arXiv 2211.01095, section 3.4 and appendix) with
// the noise of a Brownian path. lambda is the half log SNR, and alpha = 1 - sigma.
#include <cmath>
#include <utility>

#include "sampling/brownian.h"
#include "sampling/solvers/ancestral.h"
#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"
#include "sampling/solvers/snr.h"

namespace zanime::sampling {
namespace {

// One first-order step of the SDE in the variance-exploding frame x / alpha, where noise levels are
// sigma / alpha = e^-lambda: ancestral, then back to the flow's frame.
Tensor sde_step(const Tensor& x, const Tensor& denoised, float sigma, float next,
                const NoiseAmount& amount, const Tensor& noise) {
  const double alpha = 1.0 - sigma;
  const double alpha_next = 1.0 - next;
  const auto [down, up] = ancestral_step(sigma / alpha, next / alpha_next, amount.eta);
  const double decay = down * alpha / sigma;
  return weighted_sum({{alpha_next / alpha * decay, x},
                       {alpha_next * (1.0 - decay), denoised},
                       {alpha_next * up * amount.scale, noise}});
}

// (1 - e^-h) / -h + 1 and the next of the series: the weights of slope and curvature.
double phi2(double h) { return std::expm1(-h) / h + 1.0; }
double phi3(double h) { return phi2(h) / h - 0.5; }

// The multistep solvers' common part: x shrunk, the prediction, and the noise. The SDE's noise
// lengthens the step in lambda that the prediction's weight sees by eta.
struct SdeWeights {
  SdeWeights(float sigma, float next, const NoiseAmount& amount)
      : h(half_log_snr(next) - half_log_snr(sigma)),
        seen(h * (1.0 + amount.eta)),
        alpha(1.0 - next),
        keep(static_cast<double>(next) / sigma * std::exp(-h * amount.eta)),
        predicted(-alpha * std::expm1(-seen)),
        noise(next * std::sqrt(-std::expm1(-2.0 * h * amount.eta)) * amount.scale) {}
  double h;
  double seen;
  double alpha;
  double keep;
  double predicted;
  double noise;
};

}  // namespace

Tensor dpmpp_2m_sde_with(const SamplerContext& context, Tensor x, const NoiseAmount& amount,
                         DpmppCorrection correction) {
  const std::vector<float> sigmas = sigmas_below_one(context.sigmas, context.flow);
  BrownianNoise noise(x.shape(), context.sigmas, context.seed);
  Tensor previous;
  double h_previous = 0.0;
  for (size_t i = 0; i < step_count(context); ++i) {
    const Tensor denoised = open_step(context, i, x, sigmas[i]).guided;
    if (sigmas[i + 1] == 0.0f) return denoised;
    const SdeWeights step(sigmas[i], sigmas[i + 1], amount);
    std::vector<WeightedTensor> terms{{step.keep, x}, {step.predicted, denoised}};
    if (!previous.empty()) {
      const double slope = correction == DpmppCorrection::kHeun ? step.alpha * phi2(step.seen)
                                                                : 0.5 * step.predicted;
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

// Single-step: to the part r of the step in lambda, then the whole step with the prediction there
// (where r is not 1/2, extrapolated from both).
Tensor dpmpp_sde_with(const SamplerContext& context, Tensor x, const NoiseAmount& amount,
                      double r) {
  const std::vector<float> sigmas = sigmas_below_one(context.sigmas, context.flow);
  BrownianNoise noise(x.shape(), context.sigmas, context.seed);
  for (size_t i = 0; i < step_count(context); ++i) {
    const float sigma = sigmas[i];
    const float next = sigmas[i + 1];
    const Tensor denoised = open_step(context, i, x, sigma).guided;
    if (next == 0.0f) return denoised;
    const double start = half_log_snr(sigma);
    const float middle = sigma_at(start + r * (half_log_snr(next) - start));
    const Tensor x_middle = sde_step(x, denoised, sigma, middle, amount, noise(sigma, middle));
    const double share = 1.0 / (2.0 * r);
    const Tensor denoised_middle =
        weighted_sum({{share, evaluate(context, x_middle, middle)}, {1.0 - share, denoised}});
    x = sde_step(x, denoised_middle, sigma, next, amount, noise(sigma, next));
  }
  return x;
}

Tensor dpmpp_sde(const SamplerContext& context, Tensor x) {
  return dpmpp_sde_with(context, std::move(x), {}, 0.5);
}

Tensor dpmpp_2m_sde(const SamplerContext& context, Tensor x) {
  return dpmpp_2m_sde_with(context, std::move(x), {}, DpmppCorrection::kMidpoint);
}

Tensor dpmpp_2m_sde_heun(const SamplerContext& context, Tensor x) {
  return dpmpp_2m_sde_with(context, std::move(x), {}, DpmppCorrection::kHeun);
}

Tensor dpmpp_3m_sde(const SamplerContext& context, Tensor x) {
  return dpmpp_3m_sde_with(context, std::move(x), {});
}

// Third order: slope and curvature from the last three predictions.
Tensor dpmpp_3m_sde_with(const SamplerContext& context, Tensor x, const NoiseAmount& amount) {
  const std::vector<float> sigmas = sigmas_below_one(context.sigmas, context.flow);
  BrownianNoise noise(x.shape(), context.sigmas, context.seed);
  Tensor denoised1, denoised2;  // of the last step and the one before
  double h1 = 0.0, h2 = 0.0;
  for (size_t i = 0; i < step_count(context); ++i) {
    const Tensor denoised = open_step(context, i, x, sigmas[i]).guided;
    if (sigmas[i + 1] == 0.0f) return denoised;
    const SdeWeights step(sigmas[i], sigmas[i + 1], amount);
    x = weighted_sum({{step.keep, x}, {step.predicted, denoised}});
    const double weight2 = step.alpha * phi2(step.seen);
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
        const double weight3 = step.alpha * phi3(step.seen);
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
