// DPM-Solver++(2M), a multistep solver of second order: Lu et al. 2022 (arXiv 2211.01095),
// algorithm 2, with the time variable t = -log sigma.
#include <cmath>

#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"

namespace zanime::sampling {
namespace {

// The part of step i, relative to the one before it, that the solver extrapolates by.
double extrapolation(const std::vector<float>& sigmas, size_t i) {
  const double h = std::log(static_cast<double>(sigmas[i]) / sigmas[i + 1]);
  const double h_previous = std::log(static_cast<double>(sigmas[i - 1]) / sigmas[i]);
  return h / (2.0 * h_previous);
}

}  // namespace

Tensor dpmpp_2m(const SamplerContext& context, Tensor x) {
  const std::vector<float>& sigmas = context.sigmas;
  Tensor previous;
  for (size_t i = 0; i < step_count(context); ++i) {
    const Tensor denoised = open_step(context, i, x);
    if (previous.empty() || sigmas[i + 1] == 0.0f) {
      x = euler_step(x, denoised, sigmas[i], sigmas[i + 1]);
    } else {
      const double part = extrapolation(sigmas, i);
      const Tensor ahead = weighted_sum({{1.0 + part, denoised}, {-part, previous}});
      x = euler_step(x, ahead, sigmas[i], sigmas[i + 1]);
    }
    previous = denoised;
  }
  return x;
}

// With CFG++ (arXiv 2406.08070): noise along the unconditional prediction.
Tensor dpmpp_2m_cfg_pp(const SamplerContext& context, Tensor x) {
  const std::vector<float>& sigmas = context.sigmas;
  Tensor previous;  // unconditional
  for (size_t i = 0; i < step_count(context); ++i) {
    const auto [guided, unconditional] = open_step(context, i, x, sigmas[i], true);
    const double decay = static_cast<double>(sigmas[i + 1]) / sigmas[i];
    std::vector<WeightedTensor> terms{{1.0, guided}, {-decay, unconditional}, {decay, x}};
    if (!previous.empty() && sigmas[i + 1] != 0.0f) {
      const double part = (1.0 - decay) * extrapolation(sigmas, i);
      terms.insert(terms.end(), {{part, guided}, {-part, previous}});
    }
    x = weighted_sum(terms);
    previous = unconditional;
  }
  return x;
}

}  // namespace zanime::sampling
