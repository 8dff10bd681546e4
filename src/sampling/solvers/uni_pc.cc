// UniPC, a unified predictor and corrector: Zhao et al. 2023 (arXiv 2302.04867), multistep, order
// 3, data prediction. It runs in the variance-exploding frame x = latent + sigma noise.
#include <algorithm>
#include <cmath>
#include <deque>

#include "sampling/solvers/linear_solve.h"
#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"

namespace zanime::sampling {
namespace {

enum class Variant { kBh1, kBh2 };  // B(h) = h, or e^h - 1

constexpr size_t kUniPcOrder = 3;
// The last sigma that the solver goes to where a schedule ends at 0, whose half log SNR is
// infinite.
constexpr float kLastSigma = 0.001f;

// log(alpha / sigma) with alpha^2 = 1 / (1 + sigma^2), in float32 like the reference: at small
// sigmas 1 - alpha^2 loses digits, which shows in the picture.
struct Level {
  explicit Level(float at) : sigma(at) {
    const float log_alpha = 0.5f * std::log(1.0f / (at * at + 1.0f));
    const float variance = 1.0f - std::exp(2.0f * log_alpha);
    lambda = log_alpha - 0.5f * std::log(variance);
    noise_to_signal = std::sqrt(variance) / std::exp(log_alpha);
  }
  float sigma;
  float lambda;
  float noise_to_signal;
};

struct Known {
  Level level;
  Tensor denoised;
};

// The weights of the differences to the newest prediction, which `rks` away from it in units of the
// step h, for the predictor (all but the last) or the corrector: the paper's conditions
// R(h) rho = b(h) / B(h), of which the first `count` are used.
class Conditions {
 public:
  Conditions(std::vector<double> rks, double hh, double b_h) : rks_(std::move(rks)) {
    double factorial = 1.0;
    double phi = std::expm1(hh) / hh - 1.0;
    for (size_t i = 1; i <= rks_.size(); ++i) {
      right_.push_back(phi * factorial / b_h);
      factorial *= static_cast<double>(i + 1);
      phi = phi / hh - 1.0 / factorial;
    }
  }
  std::vector<double> weights(size_t count) const {
    std::vector<std::vector<double>> rows;
    for (size_t i = 0; i < count; ++i) {
      std::vector<double> row;
      for (size_t k = 0; k < count; ++k) row.push_back(std::pow(rks_[k], static_cast<double>(i)));
      rows.push_back(std::move(row));
    }
    return solve(std::move(rows), {right_.begin(), right_.begin() + static_cast<int>(count)});
  }

 private:
  std::vector<double> rks_;
  std::vector<double> right_;
};

Tensor unified(const SamplerContext& context, Tensor x, Variant variant) {
  const size_t steps = step_count(context);
  if (steps == 0) return x;
  std::vector<float> sigmas = context.sigmas;
  const bool ends_at_zero = sigmas.back() == 0.0f;
  if (ends_at_zero) sigmas.back() = kLastSigma;
  const size_t highest = std::clamp<size_t>(steps - 1, 1, kUniPcOrder);

  std::deque<Known> known;  // newest first
  known.push_back({Level(sigmas[0]), open_step(context, 0, x)});
  for (size_t step = 1; step <= steps; ++step) {
    const size_t order = std::min({highest, step, steps + 1 - step});
    const Level target(sigmas[step]);
    const Known& newest = known.front();
    const double h = target.lambda - newest.level.lambda;
    const double b_h = variant == Variant::kBh1 ? -h : std::expm1(-h);

    std::vector<double> rks;
    std::vector<Tensor> differences;
    for (size_t k = 1; k < order; ++k) {
      const double rk = (known[k].level.lambda - newest.level.lambda) / h;
      rks.push_back(rk);
      differences.push_back(
          weighted_sum({{1.0 / rk, known[k].denoised}, {-1.0 / rk, newest.denoised}}));
    }
    rks.push_back(1.0);
    const Conditions conditions(rks, -h, b_h);
    const Tensor first_order =
        weighted_sum({{target.noise_to_signal / newest.level.noise_to_signal, x},
                      {-std::expm1(-h), newest.denoised}});
    const auto corrected = [&](const std::vector<double>& weights) {
      std::vector<WeightedTensor> terms{{1.0, first_order}};
      for (size_t k = 0; k < weights.size(); ++k)
        terms.push_back({-b_h * weights[k], differences[k]});
      return weighted_sum(terms);
    };

    // The paper takes 1/2 where one difference is all there is.
    x = corrected(order == 1   ? std::vector<double>{}
                  : order == 2 ? std::vector<double>{0.5}
                               : conditions.weights(order - 1));
    if (step == steps) break;
    const Tensor denoised = open_step(context, step, x, sigmas[step]).guided;
    differences.push_back(weighted_sum({{1.0, denoised}, {-1.0, newest.denoised}}));
    x = corrected(order == 1 ? std::vector<double>{0.5} : conditions.weights(order));
    known.push_front({target, denoised});
    if (known.size() > kUniPcOrder) known.pop_back();
  }
  // The reference scales a finished flow by 1 / (1 - the last sigma it went to).
  return ends_at_zero ? weighted_sum({{1.0 / (1.0 - kLastSigma), x}}) : x;
}

}  // namespace

Tensor uni_pc(const SamplerContext& context, Tensor x) {
  return unified(context, std::move(x), Variant::kBh1);
}

Tensor uni_pc_bh2(const SamplerContext& context, Tensor x) {
  return unified(context, std::move(x), Variant::kBh2);
}

}  // namespace zanime::sampling
