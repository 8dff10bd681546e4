// Linear multistep: Adams-Bashforth of order 4 or another with variable steps, as k-diffusion
// applies it to the probability-flow ODE of Karras et al. 2022 (arXiv 2206.00364).
#include <algorithm>
#include <deque>
#include <utility>

#include <boost/math/quadrature/gauss.hpp>

#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"

namespace zanime::sampling {
namespace {

// Integral from sigmas[i] to sigmas[i + 1] of the Lagrange polynomial that is 1 at sigmas[i - j]
// and 0 at the other nodes sigmas[i - order + 1 .. i]. The Gauss points are exact up to degree 59.
double adams_weight(const std::vector<float>& sigmas, size_t i, size_t order, size_t j) {
  const auto polynomial = [&](double at) {
    double product = 1.0;
    for (size_t k = 0; k < order; ++k) {
      if (k == j) continue;
      const double node = sigmas[i - k];
      product *= (at - node) / (sigmas[i - j] - node);
    }
    return product;
  };
  // The rule takes a rising interval.
  return -boost::math::quadrature::gauss<double, 30>::integrate(
      polynomial, static_cast<double>(sigmas[i + 1]), static_cast<double>(sigmas[i]));
}

}  // namespace

Tensor lms(const SamplerContext& context, Tensor x) { return lms_with(context, std::move(x), 4); }

Tensor lms_with(const SamplerContext& context, Tensor x, size_t order) {
  const std::vector<float>& sigmas = context.sigmas;
  std::deque<Tensor> derivatives;  // newest first
  for (size_t i = 0; i < step_count(context); ++i) {
    const Tensor denoised = open_step(context, i, x);
    if (sigmas[i + 1] == 0.0f) return denoised;
    derivatives.push_front(derivative(x, denoised, sigmas[i]));
    if (derivatives.size() > order) derivatives.pop_back();
    std::vector<WeightedTensor> terms{{1.0, x}};
    for (size_t j = 0; j < derivatives.size(); ++j) {
      terms.push_back({adams_weight(sigmas, i, derivatives.size(), j), derivatives[j]});
    }
    x = weighted_sum(terms);
  }
  return x;
}

}  // namespace zanime::sampling
