// SEEDS, stochastic exponential derivative-free solvers: Gonzalez et al. 2023 (arXiv 2305.14267),
// data prediction, in the half log SNR lambda. exp_heun_2_x0 is the two-stage solver with its
// second stage at the end of the step, without noise or with it.
#include <algorithm>
#include <cmath>
#include <utility>

#include "sampling/solvers/ancestral.h"
#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"
#include "sampling/solvers/snr.h"

namespace zanime::sampling {
namespace {

// (e^h - 1) and (e^h - 1 - h) / h: h phi_1(h) and h phi_2(h) of exponential integrators.
double h_phi1(double h) { return std::expm1(h); }
double h_phi2(double h) { return (std::expm1(h) - h) / h; }

// The noise of one step as its stages see it: a path of the Ornstein-Uhlenbeck process, continued
// from stage to stage. `eta` 0 gives none.
class StageNoise {
 public:
  StageNoise(const SamplerContext& context, const Shape& shape, const NoiseAmount& amount)
      : generator_(ancestral_noise(context)),
        shape_(shape),
        eta_(amount.eta),
        scale_(amount.scale) {}

  void begin_step() { noise_ = Tensor(); }
  // Moves on by `h` in lambda and adds the noise at noise level sigma to x.
  Tensor added(const Tensor& x, double h, double sigma) {
    if (eta_ == 0.0) return x;
    const Tensor fresh = generator_.normal(shape_);
    const double spread = std::sqrt(std::max(-std::expm1(-2.0 * h * eta_), 0.0));
    noise_ = noise_.empty() ? weighted_sum({{spread, fresh}})
                            : weighted_sum({{std::exp(-h * eta_), noise_}, {spread, fresh}});
    return weighted_sum({{1.0, x}, {sigma * scale_, noise_}});
  }

 private:
  NoiseGenerator generator_;
  Shape shape_;
  double eta_;
  double scale_;
  Tensor noise_;
};

}  // namespace

// Two stages; the second at the part r of the step.
Tensor seeds_2_with(const SamplerContext& context, Tensor x, const Seeds2Options& options) {
  const double r = options.r;
  const double eta = options.noise.eta;
  const std::vector<float> sigmas = sigmas_below_one(context.sigmas, context.flow);
  StageNoise noise(context, x.shape(), options.noise);
  for (size_t i = 0; i < step_count(context); ++i) {
    const double sigma = sigmas[i];
    const double next = sigmas[i + 1];
    const Tensor denoised = open_step(context, i, x, sigmas[i]).guided;
    if (next == 0.0) return denoised;
    const double start = half_log_snr(sigma);
    const double h = half_log_snr(next) - start;
    const double h_eta = h * (1.0 + eta);
    const float sigma1 = sigma_at(start + r * h);
    noise.begin_step();

    Tensor x1 = weighted_sum({{sigma1 / sigma * std::exp(-r * h * eta), x},
                              {-(1.0 - sigma1) * h_phi1(-r * h_eta), denoised}});
    x1 = noise.added(x1, r * h, sigma1);
    const Tensor denoised1 = evaluate(context, x1, sigma1);

    const double whole = h_phi1(-h_eta);
    const double second = options.uses_phi2 ? h_phi2(-h_eta) / r : whole / (2.0 * r);
    x = weighted_sum({{next / sigma * std::exp(-h * eta), x},
                      {-(1.0 - next) * (whole - second), denoised},
                      {-(1.0 - next) * second, denoised1}});
    x = noise.added(x, (1.0 - r) * h, next);
  }
  return x;
}

Tensor seeds_2(const SamplerContext& context, Tensor x) {
  return seeds_2_with(context, std::move(x), {});
}

Tensor exp_heun_2_x0(const SamplerContext& context, Tensor x) {
  return seeds_2_with(context, std::move(x), {.noise = {.eta = 0.0}, .r = 1.0, .uses_phi2 = true});
}

Tensor exp_heun_2_x0_sde(const SamplerContext& context, Tensor x) {
  return seeds_2_with(context, std::move(x), {.r = 1.0, .uses_phi2 = true});
}

Tensor seeds_3(const SamplerContext& context, Tensor x) {
  constexpr double kR1 = 1.0 / 3.0;
  constexpr double kR2 = 2.0 / 3.0;
  const std::vector<float> sigmas = sigmas_below_one(context.sigmas, context.flow);
  StageNoise noise(context, x.shape(), {});
  for (size_t i = 0; i < step_count(context); ++i) {
    const double sigma = sigmas[i];
    const double next = sigmas[i + 1];
    const Tensor denoised = open_step(context, i, x, sigmas[i]).guided;
    if (next == 0.0) return denoised;
    const double start = half_log_snr(sigma);
    const double h = half_log_snr(next) - start;
    const float sigma1 = sigma_at(start + kR1 * h);
    const float sigma2 = sigma_at(start + kR2 * h);
    noise.begin_step();

    Tensor x1 = weighted_sum({{sigma1 / sigma * std::exp(-kR1 * h), x},
                              {-(1.0 - sigma1) * h_phi1(-kR1 * 2.0 * h), denoised}});
    x1 = noise.added(x1, kR1 * h, sigma1);
    const Tensor denoised1 = evaluate(context, x1, sigma1);

    const double a2 = kR2 / kR1 * h_phi2(-kR2 * 2.0 * h);
    const double a1 = h_phi1(-kR2 * 2.0 * h) - a2;
    Tensor x2 = weighted_sum({{sigma2 / sigma * std::exp(-kR2 * h), x},
                              {-(1.0 - sigma2) * a1, denoised},
                              {-(1.0 - sigma2) * a2, denoised1}});
    x2 = noise.added(x2, (kR2 - kR1) * h, sigma2);
    const Tensor denoised2 = evaluate(context, x2, sigma2);

    const double b3 = h_phi2(-2.0 * h) / kR2;
    const double b1 = h_phi1(-2.0 * h) - b3;
    x = weighted_sum({{next / sigma * std::exp(-h), x},
                      {-(1.0 - next) * b1, denoised},
                      {-(1.0 - next) * b3, denoised2}});
    x = noise.added(x, (1.0 - kR2) * h, next);
  }
  return x;
}

}  // namespace zanime::sampling
