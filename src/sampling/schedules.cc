#include "sampling/schedules.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <limits>

#include "base/error.h"
#include "sampling/samplers.h"
#include "sampling/sigma_lists.h"

namespace zanime::sampling {
namespace {

using Sigmas = std::vector<float>;

// Where the model's smallest sigma is as good as zero, a schedule ends there instead of adding 0.
bool ends_at_zero(float sigma) { return std::abs(sigma) <= 1e-5f; }

// Evenly spaced entries of the table, from the largest down.
Sigmas simple(const FlowSchedule& flow, int steps) {
  const Sigmas& table = flow.table();
  const double stride = static_cast<double>(table.size()) / steps;
  Sigmas sigmas;
  for (int i = 0; i < steps; ++i) {
    sigmas.push_back(table[table.size() - 1 - static_cast<size_t>(i * stride)]);
  }
  sigmas.push_back(0.0f);
  return sigmas;
}

// Evenly spaced in the model's time. The table's ends go through sigma() once more, as in the
// reference: its time of a sigma is the sigma.
Sigmas uniform_in_time(const FlowSchedule& flow, const Sigmas& times) {
  Sigmas sigmas;
  for (const float t : times) sigmas.push_back(flow.sigma(t));
  return sigmas;
}

Sigmas sgm_uniform(const FlowSchedule& flow, int steps) {
  Sigmas times =
      linspace(flow.timestep(flow.sigma_max()), flow.timestep(flow.sigma_min()), steps + 1);
  times.pop_back();
  Sigmas sigmas = uniform_in_time(flow, times);
  sigmas.push_back(0.0f);
  return sigmas;
}

Sigmas normal(const FlowSchedule& flow, int steps) {
  const float start = flow.timestep(flow.sigma_max());
  const float end = flow.timestep(flow.sigma_min());
  if (ends_at_zero(flow.sigma(end))) {
    return uniform_in_time(flow, linspace(start, end, steps + 1));
  }
  Sigmas sigmas = uniform_in_time(flow, linspace(start, end, steps));
  sigmas.push_back(0.0f);
  return sigmas;
}

Sigmas karras(const FlowSchedule& flow, int steps) {
  return karras_sigmas(steps, flow.sigma_max(), flow.sigma_min(), 7.0);
}

Sigmas exponential(const FlowSchedule& flow, int steps) {
  return exponential_sigmas(steps, flow.sigma_max(), flow.sigma_min());
}

// DDIM's (arXiv 2010.02502) fixed stride through the table; gives about `steps` sigmas.
Sigmas ddim_uniform(const FlowSchedule& flow, int steps) {
  const Sigmas& table = flow.table();
  Sigmas sigmas;
  if (ends_at_zero(table[1])) {
    ++steps;
  } else {
    sigmas.push_back(0.0f);
  }
  const size_t stride = std::max<size_t>(table.size() / static_cast<size_t>(steps), 1);
  for (size_t i = 1; i < table.size(); i += stride) sigmas.push_back(table[i]);
  std::reverse(sigmas.begin(), sigmas.end());
  return sigmas;
}

Sigmas beta(const FlowSchedule& flow, int steps) { return beta_sigmas(flow, steps, 0.6, 0.6); }

// Linear down to 1 - threshold over the first half, then a parabola that meets it smoothly
// (Genmo's Mochi 1).
Sigmas linear_quadratic(const FlowSchedule& flow, int steps) {
  constexpr double kThreshold = 0.025;
  const float top = flow.sigma_max();
  if (steps == 1) return {top, 0.0f};
  const int linear_steps = steps / 2;
  const double quadratic_steps = steps - linear_steps;
  const double slope = kThreshold / linear_steps;
  const double rest = linear_steps - kThreshold * steps;
  const double a = rest / (linear_steps * quadratic_steps * quadratic_steps);
  const double b = slope - 2.0 * rest / (quadratic_steps * quadratic_steps);
  const double c = a * linear_steps * linear_steps;
  Sigmas sigmas;
  for (int i = 0; i < steps; ++i) {
    const double done = i < linear_steps ? i * slope : (a * i + b) * i + c;
    sigmas.push_back(static_cast<float>(1.0 - done) * top);
  }
  sigmas.push_back(0.0f);
  return sigmas;
}

// Evenly spaced in atan sigma ("Align Your Steps", arXiv 2404.14507, section 3).
Sigmas kl_optimal(const FlowSchedule& flow, int steps) {
  const float low = static_cast<float>(std::atan(static_cast<double>(flow.sigma_min())));
  const float high = static_cast<float>(std::atan(static_cast<double>(flow.sigma_max())));
  Sigmas sigmas;
  for (int i = 0; i < steps; ++i) {
    const float part = static_cast<float>(i) / static_cast<float>(steps - 1);
    sigmas.push_back(std::tan(part * low + (1.0f - part) * high));
  }
  sigmas.push_back(0.0f);
  return sigmas;
}

struct Scheduler {
  std::string_view name;
  Sigmas (*make)(const FlowSchedule&, int steps);
};

constexpr std::array<Scheduler, 9> kSchedulers{{
    {"simple", simple},
    {"sgm_uniform", sgm_uniform},
    {"karras", karras},
    {"exponential", exponential},
    {"ddim_uniform", ddim_uniform},
    {"beta", beta},
    {"normal", normal},
    {"linear_quadratic", linear_quadratic},
    {"kl_optimal", kl_optimal},
}};

const Scheduler& find_scheduler(std::string_view name) {
  for (const Scheduler& scheduler : kSchedulers) {
    if (scheduler.name == name) return scheduler;
  }
  std::string known;
  for (const Scheduler& scheduler : kSchedulers) {
    known += (known.empty() ? "" : ", ") + std::string(scheduler.name);
  }
  throw Error(ErrorKind::kUsage,
              "scheduler '" + std::string(name) + "' is unknown; there are: " + known);
}

Sigmas whole_schedule(const Scheduler& scheduler, const FlowSchedule& flow, int steps,
                      std::string_view sampler) {
  const Sampler* known = find_sampler(sampler);
  if (known == nullptr || !known->drops_penultimate_sigma) return scheduler.make(flow, steps);
  Sigmas sigmas = scheduler.make(flow, steps + 1);
  if (sigmas.size() >= 2) sigmas.erase(std::prev(sigmas.end(), 2));
  return sigmas;
}

}  // namespace

const std::vector<std::string>& scheduler_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Scheduler& scheduler : kSchedulers) list.emplace_back(scheduler.name);
    return list;
  }();
  return names;
}

std::vector<float> make_sigmas(std::string_view scheduler, const FlowSchedule& flow, int steps,
                               double denoise, std::string_view sampler) {
  // So small a denoise would ask for millions of steps; the table has 1000 entries.
  constexpr double kMostSteps = 1e6;
  const Scheduler& found = find_scheduler(scheduler);
  if (steps < 1) {
    throw Error(ErrorKind::kUsage, "steps is " + std::to_string(steps) + "; it must be at least 1");
  }
  if (denoise > 0.9999) return whole_schedule(found, flow, steps, sampler);
  if (!(denoise > 0.0)) return {};
  if (steps / denoise > kMostSteps) {
    throw Error(ErrorKind::kUsage, "denoise " + std::to_string(denoise) + " with " +
                                       std::to_string(steps) +
                                       " steps is too small; raise denoise or lower steps");
  }
  Sigmas sigmas = whole_schedule(found, flow, static_cast<int>(steps / denoise), sampler);
  const size_t kept = std::min(sigmas.size(), static_cast<size_t>(steps) + 1);
  sigmas.erase(sigmas.begin(), sigmas.end() - static_cast<std::ptrdiff_t>(kept));
  return sigmas;
}

}  // namespace zanime::sampling
