// DPM-Solver (Lu et al. 2022, arXiv 2206.00927) of orders 1 to 3 in t = -log sigma, with steps
// shared out over a number of evaluations (DPM-Solver-fast), or chosen by error (DPM-Solver-23).
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "base/error.h"
#include "sampling/solvers/ancestral.h"
#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"

namespace zanime::sampling {
namespace {

double time_of(double sigma) { return -std::log(sigma); }
double sigma_of(double time) { return std::exp(-time); }

// The range of sigmas that these solvers cross by steps of their own: down to the last positive.
std::pair<double, double> time_range(const std::vector<float>& sigmas) {
  const float last = sigmas.back() == 0.0f ? sigmas[sigmas.size() - 2] : sigmas.back();
  return {time_of(sigmas.front()), time_of(last)};
}

// One step from time t to `next`. The noise predictions (x - denoised) / sigma at its start and at
// its inner points are kept: solvers of two orders share them.
class Step {
 public:
  Step(const SamplerContext& context, Tensor x, double t, double next, const Tensor& denoised)
      : context_(context),
        x_(std::move(x)),
        t_(t),
        h_(next - t),
        eps_(derivative(x_, denoised, sigma_of(t))) {}

  Tensor order1() const { return weighted_sum({{1.0, x_}, {-factor(1.0), eps_}}); }

  Tensor order2(double r1) {
    const Tensor& eps1 = first_inner(r1);
    const double c = factor(1.0) / (2.0 * r1);
    return weighted_sum({{1.0, x_}, {c - factor(1.0), eps_}, {-c, eps1}});
  }

  Tensor order3() {
    constexpr double kR1 = 1.0 / 3.0;
    constexpr double kR2 = 2.0 / 3.0;
    const Tensor& eps1 = first_inner(kR1);
    const double c1 = sigma_of(t_ + kR2 * h_) * (kR2 / kR1) * slope(kR2 * h_);
    const Tensor inner = weighted_sum({{1.0, x_}, {c1 - factor(kR2), eps_}, {-c1, eps1}});
    const Tensor eps2 = predict(inner, kR2);
    const double c2 = sigma_of(t_ + h_) / kR2 * slope(h_);
    return weighted_sum({{1.0, x_}, {c2 - factor(1.0), eps_}, {-c2, eps2}});
  }

 private:
  // sigma (e^{rh} - 1) at the part r of the step: the weight of eps in a first-order step there.
  double factor(double r) const { return sigma_of(t_ + r * h_) * std::expm1(r * h_); }
  // (e^h - 1) / h - 1, which vanishes with h.
  static double slope(double h) { return h == 0.0 ? 0.0 : std::expm1(h) / h - 1.0; }

  Tensor predict(const Tensor& at, double r) const {
    const double sigma = sigma_of(t_ + r * h_);
    return derivative(at, evaluate(context_, at, static_cast<float>(sigma)), sigma);
  }

  const Tensor& first_inner(double r1) {
    if (eps1_.empty()) {
      eps1_ = predict(weighted_sum({{1.0, x_}, {-factor(r1), eps_}}), r1);
    }
    return eps1_;
  }

  const SamplerContext& context_;
  Tensor x_;
  double t_;
  double h_;
  Tensor eps_;
  Tensor eps1_;
};

// The PID controller of k-diffusion: a step grows by 1 + atan(f - 1), where f is a product of
// powers of the last three inverse errors, and is taken again when that factor is too small.
class StepController {
 public:
  explicit StepController(const DpmAdaptiveOptions& options)
      : step_(options.first_step), accept_from_(options.accept_from) {
    const double order = options.noise.eta > 0.0 ? 1.5 : options.order;
    powers_ = {(options.proportional + options.integral + options.derivative) / order,
               -(options.proportional + 2.0 * options.derivative) / order,
               options.derivative / order};
  }

  double step() const { return step_; }

  bool accepts(double error) {
    const double inverse = 1.0 / (error + 1e-8);
    if (inverses_.empty()) inverses_.assign(3, inverse);
    inverses_[0] = inverse;
    double product = 1.0;
    for (size_t i = 0; i < 3; ++i) product *= std::pow(inverses_[i], powers_[i]);
    const double factor = 1.0 + std::atan(product - 1.0);
    const bool accepted = factor >= accept_from_;
    if (accepted) {
      inverses_[2] = inverses_[1];
      inverses_[1] = inverses_[0];
    }
    step_ *= factor;
    return accepted;
  }

 private:
  double step_;
  double accept_from_;
  std::array<double, 3> powers_{};
  std::vector<double> inverses_;  // of the last errors, newest first
};

// Root mean square of the difference, relative to what is tolerated at each element.
double scaled_error(const Tensor& low, const Tensor& high, const Tensor& previous,
                    const DpmAdaptiveOptions& options) {
  const auto absolute = static_cast<float>(options.absolute_tolerance);
  const auto relative = static_cast<float>(options.relative_tolerance);
  double sum = 0.0;
  for (int64_t i = 0; i < low.size(); ++i) {
    const float size = std::max(std::abs(low.data()[i]), std::abs(previous.data()[i]));
    const double part = (low.data()[i] - high.data()[i]) / std::max(absolute, relative * size);
    sum += part * part;
  }
  return std::sqrt(sum / static_cast<double>(low.size()));
}

}  // namespace

Tensor dpm_fast(const SamplerContext& context, Tensor x) {
  const size_t evaluations = step_count(context);
  if (evaluations == 0) return x;
  // As many third-order steps as the evaluations allow, the rest of them at the end.
  const size_t steps = evaluations / 3 + 1;
  std::vector<int> orders(steps, 3);
  if (evaluations % 3 == 0) {
    orders.resize(steps - 2);
    orders.insert(orders.end(), {2, 1});
  } else {
    orders.back() = static_cast<int>(evaluations % 3);
  }
  const auto [start, end] = time_range(context.sigmas);
  for (size_t i = 0; i < orders.size(); ++i) {
    const double stride = (end - start) / static_cast<double>(steps);
    const double t = start + stride * static_cast<double>(i);
    const Tensor denoised = open_step(context, i, x, static_cast<float>(sigma_of(t))).guided;
    Step step(context, x, t, t + stride, denoised);
    x = orders[i] == 1 ? step.order1() : orders[i] == 2 ? step.order2(0.5) : step.order3();
  }
  return x;
}

Tensor dpm_adaptive(const SamplerContext& context, Tensor x) {
  return dpm_adaptive_with(context, std::move(x), {});
}

// Two orders at once; their difference says how large the next step may be. With noise, each step
// goes further down and adds noise back up.
Tensor dpm_adaptive_with(const SamplerContext& context, Tensor x,
                         const DpmAdaptiveOptions& options) {
  // As many as no walk that gets anywhere needs.
  constexpr size_t kMostSteps = 10000;
  if (step_count(context) == 0) return x;
  const auto [start, end] = time_range(context.sigmas);
  NoiseGenerator noise = ancestral_noise(context);
  StepController controller(options);
  Tensor low_before = x;
  double t = start;
  for (size_t i = 0; t < end - 1e-5; ++i) {
    const double next = std::min(end, t + controller.step());
    if (i == kMostSteps || !(next > t)) {
      throw Error(ErrorKind::kUsage,
                  "the steps of dpm_adaptive become too small to arrive; raise its tolerances and "
                  "its first step, or lower accept_safety");
    }
    double arrival = next, up = 0.0;
    if (options.noise.eta > 0.0) {
      const double down = ancestral_step(sigma_of(t), sigma_of(next), options.noise.eta).down;
      arrival = std::min(end, time_of(down));
      up = std::sqrt(std::max(std::pow(sigma_of(next), 2) - std::pow(sigma_of(arrival), 2), 0.0));
    }
    const Tensor denoised = open_step(context, i, x, static_cast<float>(sigma_of(t))).guided;
    Step step(context, x, t, arrival, denoised);
    const Tensor low = options.order == 2 ? step.order1() : step.order2(1.0 / 3.0);
    const Tensor high = options.order == 2 ? step.order2(0.5) : step.order3();
    if (controller.accepts(scaled_error(low, high, low_before, options))) {
      low_before = low;
      x = high;
      if (up > 0.0) {
        x = weighted_sum({{1.0, x}, {up * options.noise.scale, noise.normal(x.shape())}});
      }
      t = next;
    }
  }
  return x;
}

}  // namespace zanime::sampling
