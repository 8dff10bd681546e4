#include "sampling/sigma_lists.h"

#include <algorithm>
#include <cmath>

#include <boost/math/special_functions/beta.hpp>

#include "base/error.h"
#include "sampling/gits_levels.h"

namespace zanime::sampling {
namespace {

using Sigmas = std::vector<float>;

// `levels` (descending) at `count` places, evenly spaced over them, linear in log sigma.
std::vector<double> interpolated(const std::vector<double>& levels, int count) {
  std::vector<double> values;
  const double last = static_cast<double>(levels.size() - 1);
  for (int i = 0; i < count; ++i) {
    const double place = count == 1 ? last : last * i / (count - 1);
    const auto low = std::min(static_cast<size_t>(place), levels.size() - 2);
    const double part = place - static_cast<double>(low);
    values.push_back(
        std::exp((1.0 - part) * std::log(levels[low]) + part * std::log(levels[low + 1])));
  }
  return values;
}

// The levels for so many steps, of which the last round(steps * denoise) are kept.
Sigmas last_steps(const std::vector<double>& table, int steps, double denoise) {
  if (denoise <= 0.0) return {};
  const std::vector<double> levels =
      table.size() == static_cast<size_t>(steps) + 1 ? table : interpolated(table, steps + 1);
  const int kept = denoise < 1.0 ? static_cast<int>(std::nearbyint(steps * denoise)) : steps;
  Sigmas sigmas(levels.end() - (kept + 1), levels.end());
  sigmas.back() = 0.0f;
  return sigmas;
}

}  // namespace

Sigmas linspace(float start, float end, int count) {
  Sigmas values(static_cast<size_t>(count), start);
  if (count < 2) return values;
  const float step = (end - start) / static_cast<float>(count - 1);
  for (int i = 0; i < count; ++i) {
    values[static_cast<size_t>(i)] = i < count / 2 ? start + step * static_cast<float>(i)
                                                   : end - step * static_cast<float>(count - 1 - i);
  }
  return values;
}

Sigmas karras_sigmas(int steps, double sigma_max, double sigma_min, double rho) {
  const double low = std::pow(sigma_min, 1.0 / rho);
  const double high = std::pow(sigma_max, 1.0 / rho);
  Sigmas sigmas = linspace(0.0f, 1.0f, steps);
  for (float& value : sigmas) {
    value = std::pow(static_cast<float>(high) + value * static_cast<float>(low - high),
                     static_cast<float>(rho));
  }
  sigmas.push_back(0.0f);
  return sigmas;
}

Sigmas exponential_sigmas(int steps, double sigma_max, double sigma_min) {
  Sigmas sigmas = linspace(static_cast<float>(std::log(sigma_max)),
                           static_cast<float>(std::log(sigma_min)), steps);
  for (float& value : sigmas) value = std::exp(value);
  sigmas.push_back(0.0f);
  return sigmas;
}

Sigmas polyexponential_sigmas(int steps, double sigma_max, double sigma_min, double rho) {
  const auto low = static_cast<float>(std::log(sigma_min));
  const auto range = static_cast<float>(std::log(sigma_max) - std::log(sigma_min));
  Sigmas sigmas = linspace(1.0f, 0.0f, steps);
  for (float& value : sigmas) {
    value = std::exp(std::pow(value, static_cast<float>(rho)) * range + low);
  }
  sigmas.push_back(0.0f);
  return sigmas;
}

Sigmas laplace_sigmas(int steps, double sigma_max, double sigma_min, double mu, double beta) {
  // Keeps the logarithm finite at the ends.
  constexpr float kEpsilon = 1e-5f;
  Sigmas sigmas = linspace(0.0f, 1.0f, steps);
  for (float& value : sigmas) {
    const float offset = 0.5f - value;
    const float side = offset > 0.0f ? 1.0f : offset < 0.0f ? -1.0f : 0.0f;
    const float log_sigma =
        static_cast<float>(mu) -
        static_cast<float>(beta) * side * std::log(1.0f - 2.0f * std::abs(offset) + kEpsilon);
    value = std::clamp(std::exp(log_sigma), static_cast<float>(sigma_min),
                       std::max(static_cast<float>(sigma_min), static_cast<float>(sigma_max)));
  }
  return sigmas;
}

Sigmas vp_sigmas(int steps, double beta_d, double beta_min, double eps) {
  Sigmas sigmas = linspace(1.0f, static_cast<float>(eps), steps);
  for (float& value : sigmas) {
    value = std::sqrt(std::expm1(static_cast<float>(beta_d) * value * value / 2.0f +
                                 static_cast<float>(beta_min) * value));
  }
  sigmas.push_back(0.0f);
  return sigmas;
}

Sigmas beta_sigmas(const FlowSchedule& flow, int steps, double alpha, double beta) {
  if (!(alpha > 0.0) || !(beta > 0.0)) {
    throw Error(ErrorKind::kUsage, "alpha and beta of a beta schedule must be above 0");
  }
  const Sigmas& table = flow.table();
  const double last = static_cast<double>(table.size() - 1);
  Sigmas sigmas;
  double previous = -1.0;
  for (int i = 0; i < steps; ++i) {
    const double quantile = 1.0 - i * (1.0 / steps);
    const double entry = std::nearbyint(boost::math::ibeta_inv(alpha, beta, quantile) * last);
    if (entry != previous) sigmas.push_back(table[static_cast<size_t>(entry)]);
    previous = entry;
  }
  sigmas.push_back(0.0f);
  return sigmas;
}

Sigmas flux2_sigmas(int steps, int width, int height) {
  // Two lines in the number of the picture's tokens, at 10 and at 200 steps; between them, and
  // beyond, along the steps. For many tokens the second alone.
  constexpr double kManyTokens = 4300.0;
  // In whole tokens of 16 by 16 pixels, rounded to the nearest.
  const double tokens = std::nearbyint(static_cast<double>(width) * height / (16.0 * 16.0));
  const double at_200 = 0.00016927 * tokens + 0.45666666;
  const double at_10 = 8.73809524e-05 * tokens + 1.89833333;
  const double slope = (at_200 - at_10) / 190.0;
  const double mu = tokens > kManyTokens ? at_200 : slope * steps + at_200 - 200.0 * slope;
  Sigmas sigmas = linspace(1.0f, 0.0f, steps + 1);
  const auto scale = static_cast<float>(std::exp(mu));
  for (float& value : sigmas) {
    value = value == 0.0f ? 0.0f : scale / (scale + (1.0f / value - 1.0f));
  }
  return sigmas;
}

const std::vector<LevelTable>& align_your_steps_tables() {
  static const std::vector<LevelTable> tables{
      {"SD1",
       {14.6146412293, 6.4745760956, 3.8636745985, 2.6946151520, 1.8841921177, 1.3943805092,
        0.9642583904, 0.6523686016, 0.3977456272, 0.1515232662, 0.0291671582}},
      {"SDXL",
       {14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141,
        0.5550693289, 0.3798540708, 0.2332364134, 0.1114188177, 0.0291671582}},
      {"SVD", {700.00, 54.5, 15.886, 7.977, 4.248, 1.789, 0.981, 0.403, 0.173, 0.034, 0.002}},
  };
  return tables;
}

const std::vector<LevelTable>& optimal_steps_tables() {
  static const std::vector<LevelTable> tables{
      {"FLUX",
       {0.9968, 0.9886, 0.9819, 0.975, 0.966, 0.9471, 0.9158, 0.8287, 0.5512, 0.2808, 0.001}},
      {"Wan", {1.0,   0.997, 0.995, 0.993, 0.991, 0.989, 0.987, 0.985, 0.98,  0.975, 0.973,
               0.968, 0.96,  0.946, 0.927, 0.902, 0.864, 0.776, 0.539, 0.208, 0.001}},
      {"Chroma", {0.992, 0.99,  0.988, 0.985, 0.982, 0.978, 0.973, 0.968, 0.961, 0.953, 0.943,
                  0.931, 0.917, 0.9,   0.881, 0.858, 0.832, 0.802, 0.769, 0.731, 0.69,  0.646,
                  0.599, 0.55,  0.501, 0.451, 0.402, 0.355, 0.311, 0.27,  0.232, 0.199, 0.169,
                  0.143, 0.12,  0.101, 0.084, 0.07,  0.058, 0.048, 0.001}},
  };
  return tables;
}

Sigmas table_sigmas(const std::vector<LevelTable>& tables, std::string_view model, int steps,
                    double denoise) {
  const auto table = std::find_if(tables.begin(), tables.end(),
                                  [&](const LevelTable& each) { return each.model == model; });
  if (table == tables.end()) {
    throw Error(ErrorKind::kUsage,
                "there are no noise levels for the model '" + std::string(model) + "'");
  }
  return last_steps(table->levels, steps, denoise);
}

Sigmas gits_sigmas(double coefficient, int steps, double denoise) {
  const auto levels = gits_levels(static_cast<int>(std::nearbyint(coefficient * 100.0)),
                                  std::min(steps, kGitsMostSteps));
  if (!levels) {
    throw Error(ErrorKind::kUsage, "GITS has no noise levels for the coefficient " +
                                       std::to_string(coefficient) +
                                       "; it must be one of 0.8, 0.85, and so on to 1.5");
  }
  return last_steps(*levels, steps, denoise);
}

}  // namespace zanime::sampling
