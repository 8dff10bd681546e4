// SA-Solver, stochastic Adams predictor and corrector: Xue et al. 2023 (arXiv 2309.05019), data
// prediction, in the half log SNR lambda.
#include <algorithm>
#include <cmath>
#include <deque>
#include <span>
#include <utility>

#include "sampling/solvers/ancestral.h"
#include "sampling/solvers/linear_solve.h"
#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"
#include "sampling/solvers/snr.h"

namespace zanime::sampling {
namespace {

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

// The simpler weights of order 2 (the paper's appendix D), of the older prediction and the newer.
// `back`: from the step's start to the older prediction, in lambda.
std::vector<double> simple_weights(double h, double tau, double alpha, bool corrects, double back) {
  const double mu = 1.0 + tau * tau;
  const double whole = -alpha * std::expm1(-h * mu);
  if (corrects) {
    const double newer = alpha * 0.5 * mu * h;
    return {whole - newer, newer};
  }
  const double older = alpha * 0.5 * mu * h * h / back;
  return {older, whole - older};
}

}  // namespace

Tensor sa_solver_with(const SamplerContext& context, Tensor x, const SaSolverOptions& options) {
  const std::vector<float> sigmas = sigmas_below_one(context.sigmas, context.flow);
  const size_t steps = step_count(context);
  const bool twice = options.evaluate_twice;
  const bool ends_at_zero = sigmas.back() == 0.0f;
  std::vector<double> lambdas;
  for (const float sigma : sigmas) lambdas.push_back(half_log_snr(sigma));
  // Noise is added in the middle part of the walk only.
  const auto [noise_from, noise_to] = options.noisy_sigmas.value_or(
      std::pair{context.flow.percent_to_sigma(0.2), context.flow.percent_to_sigma(0.8)});

  NoiseGenerator generator = ancestral_noise(context);
  std::deque<Tensor> predictions;  // oldest first
  Tensor predicted = x;            // where the predictor arrived
  Tensor noise;                    // that it added on its last step
  double tau = 0.0;                // of its last step
  // From x at step `from` to step `to`, by interpolating the last `order` predictions, of which the
  // newest is at step `newest`.
  const auto adams_step = [&](size_t from, size_t to, size_t newest, size_t order) {
    const std::span<const double> nodes(&lambdas[newest + 1 - order], order);
    const double h = lambdas[to] - lambdas[from];
    const double alpha = 1.0 - sigmas[to];
    const bool simple = options.simple_second_order && order == 2;
    const std::vector<double> weights =
        simple ? simple_weights(h, tau, alpha, /*corrects=*/newest == to,
                                nodes.front() - lambdas[from])
               : adams_weights(nodes, lambdas[from], lambdas[to], tau, alpha);
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
    if (predictions.size() > std::max(options.predictor_order, options.corrector_order)) {
      predictions.pop_front();
    }
    const bool last = sigmas[i + 1] == 0.0f;

    size_t predictor = std::min(options.predictor_order, predictions.size());
    size_t corrector =
        i == 0 || (last && !twice) ? 0 : std::min(options.corrector_order, predictions.size());
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

    tau = sigmas[i + 1] <= noise_from && sigmas[i + 1] >= noise_to ? options.eta : 0.0;
    noise = Tensor();
    if (tau > 0.0) {
      const double h = lambdas[i + 1] - lambdas[i];
      noise = weighted_sum(
          {{sigmas[i + 1] * std::sqrt(-std::expm1(-2.0 * tau * tau * h)) * options.noise_scale,
            generator.normal(x.shape())}});
    }
    predicted = adams_step(i, i + 1, i, predictor);
  }
  return predicted;
}

Tensor sa_solver(const SamplerContext& context, Tensor x) {
  return sa_solver_with(context, std::move(x), {});
}

Tensor sa_solver_pece(const SamplerContext& context, Tensor x) {
  return sa_solver_with(context, std::move(x), {.evaluate_twice = true});
}

}  // namespace zanime::sampling
