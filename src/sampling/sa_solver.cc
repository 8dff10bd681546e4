// SA-Solver, stochastic Adams predictor and corrector: Xue et al. 2023 (arXiv 2309.05019), data
// prediction, predictor of order 3 and corrector of order 4, in the half log SNR lambda.
#include <algorithm>
#include <cmath>
#include <deque>
#include <span>

#include "sampling/ancestral.h"
#include "sampling/linear_solve.h"
#include "sampling/sampler_functions.h"
#include "sampling/sampler_steps.h"
#include "sampling/snr.h"

namespace zanime::sampling {
namespace {

constexpr size_t kPredictorOrder = 3;
constexpr size_t kCorrectorOrder = 4;

// Weights of predictions at the half log SNRs `nodes` over a step from lambda_s to lambda_t that
// ends at picture's part alpha (the paper's equations 15 and 18): alpha mu times the integrals of
// the Lagrange polynomials against e^(mu (lambda - lambda_t)), with mu = 1 + tau^2.
std::vector<double> adams_weights(std::span<const double> nodes, double lambda_s, double lambda_t,
                                  double tau, double alpha) {
  const double mu = 1.0 + tau * tau;
  const double h = lambda_t - lambda_s;
  const double decay = std::exp(-mu * h);
  // moments[p]: the integral of (lambda - lambda_t)^p, by parts from that of p - 1.
  std::vector<double> moments;
  std::vector<std::vector<double>> powers;  // row p: (node - lambda_t)^p
  for (size_t p = 0; p < nodes.size(); ++p) {
    const double boundary = (p == 0 ? 1.0 : 0.0) - std::pow(-h, static_cast<double>(p)) * decay;
    moments.push_back(p == 0 ? boundary : boundary - static_cast<double>(p) / mu * moments.back());
    std::vector<double> row;
    for (const double node : nodes) {
      row.push_back(std::pow(node - lambda_t, static_cast<double>(p)));
    }
    powers.push_back(std::move(row));
  }
  std::vector<double> weights = solve(std::move(powers), std::move(moments));
  for (double& weight : weights) weight *= alpha;
  return weights;
}

enum class Evaluations { kOnce, kTwice };  // PEC, or PECE: once more after the correction

Tensor stochastic_adams(const SamplerContext& context, Tensor x, Evaluations evaluations) {
  const std::vector<float> sigmas = sigmas_below_one(context.sigmas, context.flow);
  const size_t steps = step_count(context);
  const bool twice = evaluations == Evaluations::kTwice;
  const bool ends_at_zero = sigmas.back() == 0.0f;
  std::vector<double> lambdas;
  for (const float sigma : sigmas) lambdas.push_back(half_log_snr(sigma));
  // Noise is added in the middle part of the walk only.
  const double noise_from = context.flow.percent_to_sigma(0.2);
  const double noise_to = context.flow.percent_to_sigma(0.8);

  NoiseGenerator generator = ancestral_noise(context);
  std::deque<Tensor> predictions;  // oldest first
  Tensor predicted = x;            // where the predictor arrived
  Tensor noise;                    // that it added on its last step
  double tau = 0.0;                // of its last step
  // From x at step `from` to step `to`, by interpolating the last `order` predictions, of which the
  // newest is at step `newest`.
  const auto adams_step = [&](size_t from, size_t to, size_t newest, size_t order) {
    const std::span<const double> nodes(&lambdas[newest + 1 - order], order);
    const std::vector<double> weights =
        adams_weights(nodes, lambdas[from], lambdas[to], tau, 1.0 - sigmas[to]);
    const double h = lambdas[to] - lambdas[from];
    std::vector<WeightedTensor> terms{
        {static_cast<double>(sigmas[to]) / sigmas[from] * std::exp(-tau * tau * h), x}};
    for (size_t j = 0; j < order; ++j) {
      terms.push_back({weights[j], predictions[predictions.size() - order + j]});
    }
    if (!noise.empty()) terms.push_back({1.0, noise});
    return weighted_sum(terms);
  };

  for (size_t i = 0; i < steps; ++i) {
    Tensor denoised = open_step(context, i, predicted, sigmas[i]).guided;
    predictions.push_back(denoised);
    if (predictions.size() > kCorrectorOrder) predictions.pop_front();
    const bool last = sigmas[i + 1] == 0.0f;

    size_t predictor = std::min(kPredictorOrder, predictions.size());
    size_t corrector =
        i == 0 || (last && !twice) ? 0 : std::min(kCorrectorOrder, predictions.size());
    if (ends_at_zero) {
      predictor = std::min(predictor, steps - 1 - i);
      corrector = std::min(corrector, steps - i);
    }

    if (corrector == 0) {
      x = predicted;
    } else {
      x = adams_step(i - 1, i, i, corrector);
      if (twice) {
        denoised = evaluate(context, x, sigmas[i]);
        predictions.back() = denoised;
      }
    }
    if (last) return denoised;

    tau = sigmas[i + 1] <= noise_from && sigmas[i + 1] >= noise_to ? 1.0 : 0.0;
    noise = Tensor();
    if (tau > 0.0) {
      const double h = lambdas[i + 1] - lambdas[i];
      noise = weighted_sum({{sigmas[i + 1] * std::sqrt(-std::expm1(-2.0 * tau * tau * h)),
                             generator.normal(x.shape())}});
    }
    predicted = adams_step(i, i + 1, i, predictor);
  }
  return predicted;
}

}  // namespace

Tensor sa_solver(const SamplerContext& context, Tensor x) {
  return stochastic_adams(context, std::move(x), Evaluations::kOnce);
}

Tensor sa_solver_pece(const SamplerContext& context, Tensor x) {
  return stochastic_adams(context, std::move(x), Evaluations::kTwice);
}

}  // namespace zanime::sampling
