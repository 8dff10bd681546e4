// DEIS, exponential integrator of the diffusion ODE with polynomial extrapolation of the noise
// prediction: Zhang and Chen 2022 (arXiv 2204.13902), tAB-DEIS of order 3.
#include <algorithm>
#include <cmath>
#include <deque>

#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"

namespace zanime::sampling {
namespace {

// The variance-preserving time that a sigma of x = latent + sigma noise stands for, under the
// linear noise schedule beta(t) = beta_0 + (beta_1 - beta_0) t whose sigma runs from 0.002 at
// t = 0.001 to 80 at t = 1 (Song et al. 2021, arXiv 2011.13456).
class PreservingTime {
 public:
  PreservingTime() {
    constexpr double kSmallestTime = 1e-3;
    const double log_smallest = std::log(0.002 * 0.002 + 1.0);
    const double log_largest = std::log(80.0 * 80.0 + 1.0);
    range_ = 2.0 * (log_smallest / kSmallestTime - log_largest) / (kSmallestTime - 1.0);
    beta0_ = log_largest - 0.5 * range_;
  }
  double of(double sigma) const {
    return (std::sqrt(beta0_ * beta0_ + 2.0 * range_ * std::log(sigma * sigma + 1.0)) - beta0_) /
           range_;
  }
  // -1/2 d log(alpha) / dt / sqrt(alpha (1 - alpha)) with alpha the squared signal's part: how fast
  // the noise level moves.
  double speed(double t) const {
    const double log_alpha = -0.5 * t * t * range_ - t * beta0_;
    const double alpha = std::exp(log_alpha);
    return 0.5 * (t * range_ + beta0_) / std::sqrt(alpha * -std::expm1(log_alpha));
  }

 private:
  double range_;  // beta_1 - beta_0
  double beta0_;
};

// Weights of the derivatives, newest first, over step i of `times`: integrals of the Lagrange
// polynomials times the speed, as the reference sums them over 10,000 points.
std::vector<double> step_weights(const PreservingTime& time, const std::vector<double>& times,
                                 size_t i, size_t order) {
  constexpr int kPoints = 10000;
  const double length = times[i + 1] - times[i];
  std::vector<double> weights(order, 0.0);
  for (int point = 0; point < kPoints; ++point) {
    const double t = times[i] + length * point / (kPoints - 1);
    const double speed = time.speed(t);
    for (size_t j = 0; j < order; ++j) {
      double polynomial = 1.0;
      for (size_t k = 0; k < order; ++k) {
        if (k != j) polynomial *= (t - times[i - k]) / (times[i - j] - times[i - k]);
      }
      weights[j] += speed * polynomial;
    }
  }
  for (double& weight : weights) weight *= length / kPoints;
  return weights;
}

}  // namespace

Tensor deis(const SamplerContext& context, Tensor x) {
  constexpr size_t kOrder = 3;
  const PreservingTime time;
  std::vector<double> times;
  for (const float sigma : context.sigmas) times.push_back(time.of(sigma));

  std::deque<Tensor> derivatives;  // newest first
  for (size_t i = 0; i < step_count(context); ++i) {
    const double sigma = context.sigmas[i];
    const double next = context.sigmas[i + 1];
    const Tensor denoised = open_step(context, i, x);
    derivatives.push_front(derivative(x, denoised, sigma));
    if (derivatives.size() > kOrder) derivatives.pop_back();
    if (derivatives.size() == 1 || next == 0.0) {
      x = euler_step(x, denoised, sigma, next);
      continue;
    }
    const std::vector<double> weights = step_weights(time, times, i, derivatives.size());
    std::vector<WeightedTensor> terms{{1.0, x}};
    for (size_t j = 0; j < weights.size(); ++j) terms.push_back({weights[j], derivatives[j]});
    x = weighted_sum(terms);
  }
  return x;
}

}  // namespace zanime::sampling
