// RES, the refined exponential solver, as a multistep method of second order: Zhang et al. 2023
// (arXiv 2308.02157), with the time variable t = -log sigma.
#include <cmath>

#include "sampling/solvers/ancestral.h"
#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"

namespace zanime::sampling {
namespace {

enum class Guiding { kPlain, kCfgPp };  // CFG++: arXiv 2406.08070

Tensor multistep(const SamplerContext& context, Tensor x, double eta, Guiding guiding) {
  const std::vector<float>& sigmas = context.sigmas;
  const bool cfg_pp = guiding == Guiding::kCfgPp;
  NoiseGenerator noise = ancestral_noise(context);
  Tensor previous;
  double previous_down = 0.0;
  for (size_t i = 0; i < step_count(context); ++i) {
    const double sigma = sigmas[i];
    const double next = sigmas[i + 1];
    const Denoised denoised = open_step(context, i, x, sigmas[i], cfg_pp);
    const Tensor& direction = cfg_pp ? denoised.unconditional : denoised.guided;
    // CFG++ steps along the unconditional prediction from a point moved by the guidance.
    if (cfg_pp) {
      x = weighted_sum({{1.0, x}, {1.0, denoised.guided}, {-1.0, denoised.unconditional}});
    }
    const auto [down, up] = ancestral_step(sigma, next, eta);
    if (down == 0.0 || previous.empty()) {
      if (cfg_pp) {
        const double decay = down / sigma;
        x = weighted_sum({{1.0 - decay, denoised.guided}, {decay, x}});
      } else {
        x = euler_step(x, direction, sigma, down);
      }
    } else {
      const double h = std::log(sigma / down);
      const double c2 = std::log(previous_down / sigmas[i - 1]) / h;
      const double phi1 = std::expm1(-h) / -h;
      const double phi2 = (phi1 - 1.0) / -h;
      x = weighted_sum(
          {{down / sigma, x}, {h * (phi1 - phi2 / c2), direction}, {h * (phi2 / c2), previous}});
    }
    if (eta > 0.0 && next > 0.0) {
      x = weighted_sum({{1.0, x}, {up, noise.normal(x.shape())}});
    }
    previous = direction;
    previous_down = down;
  }
  return x;
}

}  // namespace

Tensor res_multistep(const SamplerContext& context, Tensor x) {
  return multistep(context, std::move(x), 0.0, Guiding::kPlain);
}

Tensor res_multistep_cfg_pp(const SamplerContext& context, Tensor x) {
  return multistep(context, std::move(x), 0.0, Guiding::kCfgPp);
}

Tensor res_multistep_ancestral(const SamplerContext& context, Tensor x) {
  return multistep(context, std::move(x), 1.0, Guiding::kPlain);
}

Tensor res_multistep_ancestral_cfg_pp(const SamplerContext& context, Tensor x) {
  return multistep(context, std::move(x), 1.0, Guiding::kCfgPp);
}

}  // namespace zanime::sampling
