// ER-SDE-Solver of orders 1 to 3, the extended reverse-time SDE solver: Cui et al. 2023 (arXiv
// 2309.06169), in noise-to-signal lambda = sigma / alpha, with alpha = 1 - sigma.
#include <algorithm>
#include <cmath>
#include <functional>
#include <utility>

#include "sampling/solvers/ancestral.h"
#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"
#include "sampling/solvers/snr.h"

namespace zanime::sampling {
namespace {

double noise_to_signal(double sigma) { return sigma / (1.0 - sigma); }

// The paper's phi: how strongly noise is exchanged at a level.
using Exchange = std::function<double(double lambda)>;

Exchange exchange_of(const ErSdeOptions& options) {
  const double eta = options.eta;
  switch (options.kind) {
    case ErSdeOptions::Kind::kErSde:
      return [eta](double lambda) {
        return lambda * std::pow(std::exp(std::pow(lambda, 0.3)) + 10.0, eta);
      };
    case ErSdeOptions::Kind::kReverseTime:
      return [eta](double lambda) { return std::pow(lambda, eta + 1.0); };
    case ErSdeOptions::Kind::kOde:
      break;
  }
  return [](double lambda) { return lambda; };
}

// Rectangle sums from `to` up to `from` of 1 / exchange and of (lambda - from) / exchange.
struct ExchangeIntegrals {
  ExchangeIntegrals(double from, double to, const Exchange& exchange) {
    constexpr int kPoints = 200;
    const double width = (from - to) / kPoints;
    for (int i = 0; i < kPoints; ++i) {
      const double lambda = to + i * width;
      plain += width / exchange(lambda);
      first_moment += width * (lambda - from) / exchange(lambda);
    }
  }
  double plain = 0.0;
  double first_moment = 0.0;
};

}  // namespace

Tensor er_sde(const SamplerContext& context, Tensor x) {
  return er_sde_with(context, std::move(x), {});
}

Tensor er_sde_with(const SamplerContext& context, Tensor x, const ErSdeOptions& options) {
  const Exchange exchange = exchange_of(options);
  const bool is_ode = options.kind == ErSdeOptions::Kind::kOde;
  const std::vector<float> sigmas = sigmas_below_one(context.sigmas, context.flow);
  NoiseGenerator noise = ancestral_noise(context);
  Tensor previous, previous_slope;
  for (size_t i = 0; i < step_count(context); ++i) {
    const Tensor denoised = open_step(context, i, x, sigmas[i]).guided;
    if (sigmas[i + 1] == 0.0f) return denoised;
    const double alpha = 1.0 - sigmas[i];
    const double alpha_next = 1.0 - sigmas[i + 1];
    const double from = noise_to_signal(sigmas[i]);
    const double to = noise_to_signal(sigmas[i + 1]);
    const double ratio = exchange(to) / exchange(from);
    x = weighted_sum({{alpha_next / alpha * ratio, x}, {alpha_next * (1.0 - ratio), denoised}});
    if (options.order >= 2 && !previous.empty()) {
      const ExchangeIntegrals integrals(from, to, exchange);
      const double step = to - from;
      const double last = 1.0 / (from - noise_to_signal(sigmas[i - 1]));
      const Tensor slope = weighted_sum({{last, denoised}, {-last, previous}});
      x = weighted_sum({{1.0, x}, {alpha_next * (step + integrals.plain * exchange(to)), slope}});
      if (options.order >= 3 && !previous_slope.empty()) {
        const double last_two = 2.0 / (from - noise_to_signal(sigmas[i - 2]));
        const Tensor curvature = weighted_sum({{last_two, slope}, {-last_two, previous_slope}});
        const double weight = step * step / 2.0 + integrals.first_moment * exchange(to);
        x = weighted_sum({{1.0, x}, {alpha_next * weight, curvature}});
      }
      previous_slope = slope;
    }
    const double spread = std::sqrt(std::max(to * to - from * from * ratio * ratio, 0.0));
    if (!is_ode) {
      x = weighted_sum(
          {{1.0, x}, {alpha_next * spread * options.noise_scale, noise.normal(x.shape())}});
    }
    previous = denoised;
  }
  return x;
}

}  // namespace zanime::sampling
