// iPNDM: Adams-Bashforth on the probability-flow ODE, starting at order 1 (Zhang and Chen 2022,
// arXiv 2204.13902, section 3.3; PNDM: Liu et al. 2022, arXiv 2202.09778).
#include <algorithm>
#include <array>
#include <deque>

#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"

namespace zanime::sampling {
namespace {

constexpr size_t kMostSteps = 4;
using Weights = std::array<double, kMostSteps>;  // newest derivative first

// Weights of the derivatives over a step of length 1, all steps being equal.
Weights equal_steps(size_t order) {
  switch (order) {
    case 1:
      return {1.0};
    case 2:
      return {3.0 / 2, -1.0 / 2};
    case 3:
      return {23.0 / 12, -16.0 / 12, 5.0 / 12};
    default:
      return {55.0 / 24, -59.0 / 24, 37.0 / 24, -9.0 / 24};
  }
}

// The same for step h after steps h1, h2, h3 (latest first), as in the diff-sampler code of Zhou et
// al. (arXiv 2312.00094). Its third-order term is not quite the exact integral of the
// interpolating polynomial, and the reference has it like this.
Weights variable_steps(size_t order, double h, double h1, double h2, double h3) {
  if (order == 1) return {1.0};
  const double ratio = h / h1;
  Weights w{1.0 + ratio / 2.0, -ratio / 2.0};
  if (order == 2) return w;

  const double second = h / (3.0 * (h + h1));
  const double third = (1.0 - second * (h * (h + h1)) / (h1 * (h1 + h2))) / 2.0;
  w[0] += third;
  w[1] -= (1.0 + h1 / h2) * third;
  w[2] += third * h1 / h2;
  if (order == 3) return w;

  const double fourth =
      ((1.0 - second) / 2.0 + (1.0 - h / (2.0 * (h + h1))) * h / (6.0 * (h + h1 + h2))) *
      (h * (h + h1) * (h + h1 + h2)) / (h1 * (h1 + h2) * (h1 + h2 + h3));
  const double outer = h1 * (h1 + h2) / (h2 * (h2 + h3));
  w[0] += fourth;
  w[1] -= (1.0 + h1 / h2 + outer) * fourth;
  w[2] += (h1 / h2 + outer * (1.0 + h2 / h3)) * fourth;
  w[3] -= fourth * outer * h1 / h2;
  return w;
}

template <typename WeightsAt>  // (step, order) -> Weights
Tensor adams_bashforth(const SamplerContext& context, Tensor x, const WeightsAt& weights_at) {
  std::deque<Tensor> derivatives;  // newest first
  for (size_t i = 0; i < step_count(context); ++i) {
    const double sigma = context.sigmas[i];
    const double next = context.sigmas[i + 1];
    const Tensor denoised = open_step(context, i, x);
    if (next == 0.0) return denoised;
    derivatives.push_front(derivative(x, denoised, sigma));
    if (derivatives.size() > kMostSteps) derivatives.pop_back();
    const Weights weights = weights_at(i, derivatives.size());
    std::vector<WeightedTensor> terms{{1.0, x}};
    for (size_t j = 0; j < derivatives.size(); ++j) {
      terms.push_back({(next - sigma) * weights[j], derivatives[j]});
    }
    x = weighted_sum(terms);
  }
  return x;
}

}  // namespace

Tensor ipndm(const SamplerContext& context, Tensor x) {
  return adams_bashforth(context, std::move(x),
                         [](size_t, size_t order) { return equal_steps(order); });
}

Tensor ipndm_v(const SamplerContext& context, Tensor x) {
  const std::vector<float>& sigmas = context.sigmas;
  // Length of the step that was `back` steps before step i.
  const auto step = [&sigmas](size_t i, size_t back) {
    return i < back ? 0.0 : static_cast<double>(sigmas[i - back + 1]) - sigmas[i - back];
  };
  return adams_bashforth(context, std::move(x), [&step](size_t i, size_t order) {
    return variable_steps(order, step(i, 0), step(i, 1), step(i, 2), step(i, 3));
  });
}

}  // namespace zanime::sampling
