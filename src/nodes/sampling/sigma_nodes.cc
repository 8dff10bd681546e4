// Lists of sigmas: schedules, and what changes one.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numbers>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text/quoted.h"
#include "nodes/core_nodes.h"
#include "nodes/input_value.h"
#include "nodes/sampling/denoise.h"
#include "nodes/text/python_number.h"
#include "nodes/text/regular_expression.h"
#include "sampling/flow.h"
#include "sampling/sigma_lists.h"

namespace zanime::nodes {
namespace {

using SigmaList = std::vector<float>;

int steps_of(const Arguments& arguments) { return static_cast<int>(arguments.integer("steps")); }

std::vector<Value> karras(const Arguments& arguments, NodeContext&) {
  return {Sigmas{sampling::karras_sigmas(steps_of(arguments), arguments.real("sigma_max"),
                                         arguments.real("sigma_min"), arguments.real("rho"))}};
}

std::vector<Value> exponential(const Arguments& arguments, NodeContext&) {
  return {Sigmas{sampling::exponential_sigmas(steps_of(arguments), arguments.real("sigma_max"),
                                              arguments.real("sigma_min"))}};
}

std::vector<Value> polyexponential(const Arguments& arguments, NodeContext&) {
  return {
      Sigmas{sampling::polyexponential_sigmas(steps_of(arguments), arguments.real("sigma_max"),
                                              arguments.real("sigma_min"), arguments.real("rho"))}};
}

std::vector<Value> laplace(const Arguments& arguments, NodeContext&) {
  return {Sigmas{sampling::laplace_sigmas(steps_of(arguments), arguments.real("sigma_max"),
                                          arguments.real("sigma_min"), arguments.real("mu"),
                                          arguments.real("beta"))}};
}

std::vector<Value> variance_preserving(const Arguments& arguments, NodeContext&) {
  return {Sigmas{sampling::vp_sigmas(steps_of(arguments), arguments.real("beta_d"),
                                     arguments.real("beta_min"), arguments.real("eps_s"))}};
}

std::vector<Value> beta(const Arguments& arguments, NodeContext&) {
  return {Sigmas{sampling::beta_sigmas(flow_of(arguments.get<Model>("model")), steps_of(arguments),
                                       arguments.real("alpha"), arguments.real("beta"))}};
}

// Times in hundreds from 999 down, which a model that takes times up to 1 (Z-Image is one) turns
// into sigmas beyond 1, as the reference does.
std::vector<Value> sd_turbo(const Arguments& arguments, NodeContext&) {
  const Model& model = arguments.get<Model>("model");
  const sampling::FlowSchedule flow = flow_of(model);
  const int start = 10 - static_cast<int>(10.0 * arguments.real("denoise"));
  SigmaList sigmas;
  for (int i = start; i < std::min(start + steps_of(arguments), 10); ++i) {
    const auto time = static_cast<float>((10 - i) * 100 - 1);
    sigmas.push_back(flow.sigma(time / static_cast<float>(model.timestep_scale)));
  }
  sigmas.push_back(0.0f);
  return {Sigmas{std::move(sigmas)}};
}

std::vector<Value> flux2(const Arguments& arguments, NodeContext&) {
  return {Sigmas{sampling::flux2_sigmas(steps_of(arguments),
                                        static_cast<int>(arguments.integer("width")),
                                        static_cast<int>(arguments.integer("height")))}};
}

std::vector<Value> from_text(const Arguments& arguments, NodeContext&) {
  const RegularExpression number(R"([-+]?(?:\d*\.*\d+))", {});
  SigmaList sigmas;
  for (const RegexMatch& match : number.matches(arguments.text("sigmas"))) {
    const std::string& text = *match.groups.front();
    const std::optional<double> value = parse_real(text);
    if (!value) {
      throw Error(ErrorKind::kGraph,
                  "input `sigmas` holds " + text::quoted(text) + ", which is no number");
    }
    sigmas.push_back(static_cast<float>(*value));
  }
  return {Sigmas{std::move(sigmas)}};
}

std::vector<Value> flip(const Arguments& arguments, NodeContext&) {
  // A walk upwards cannot begin at 0.
  constexpr float kFirst = 1e-4f;
  SigmaList sigmas = arguments.get<Sigmas>("sigmas").values;
  std::reverse(sigmas.begin(), sigmas.end());
  if (!sigmas.empty() && sigmas.front() == 0.0f) sigmas.front() = kFirst;
  return {Sigmas{std::move(sigmas)}};
}

std::vector<Value> set_first(const Arguments& arguments, NodeContext&) {
  SigmaList sigmas = arguments.get<Sigmas>("sigmas").values;
  if (sigmas.empty()) throw Error(ErrorKind::kGraph, "input `sigmas` is empty");
  sigmas.front() = static_cast<float>(arguments.real("sigma"));
  return {Sigmas{std::move(sigmas)}};
}

std::vector<Value> split_by_denoise(const Arguments& arguments, NodeContext&) {
  const SigmaList& all = arguments.get<Sigmas>("sigmas").values;
  const auto steps = static_cast<double>(all.empty() ? 0 : all.size() - 1);
  const auto last = static_cast<int64_t>(std::nearbyint(steps * arguments.real("denoise")));
  const auto count = static_cast<int64_t>(all.size());
  // Without a last part the first is empty, as in the reference.
  const int64_t first_end = last == 0 ? 0 : count - last;
  return {Sigmas{{all.begin(), all.begin() + first_end}},
          Sigmas{{all.end() - std::min(last + 1, count), all.end()}}};
}

// Where in a step the inserted sigmas lie.
float spaced(float part, const std::string& spacing) {
  constexpr auto kQuarter = static_cast<float>(std::numbers::pi / 2.0);
  if (spacing == "cosine") return std::sin(part * kQuarter);
  if (spacing == "sine") return 1.0f - std::cos(part * kQuarter);
  return part;
}

std::vector<Value> extend(const Arguments& arguments, NodeContext&) {
  const SigmaList& sigmas = arguments.get<Sigmas>("sigmas").values;
  const double given = arguments.real("start_at_sigma");
  const double start = given < 0.0 ? std::numeric_limits<double>::infinity() : given;
  const double end = arguments.real("end_at_sigma");
  const SigmaList parts = sampling::linspace(0.0f, 1.0f, steps_of(arguments) + 1);
  SigmaList extended;
  for (size_t i = 0; i < sigmas.size(); ++i) {
    extended.push_back(sigmas[i]);
    if (i + 1 == sigmas.size() || !(end <= sigmas[i] && sigmas[i] <= start)) continue;
    for (size_t k = 1; k + 1 < parts.size(); ++k) {
      extended.push_back(spaced(parts[k], arguments.text("spacing")) * (sigmas[i + 1] - sigmas[i]) +
                         sigmas[i]);
    }
  }
  return {Sigmas{std::move(extended)}};
}

std::vector<Value> percent_to_sigma(const Arguments& arguments, NodeContext&) {
  const sampling::FlowSchedule flow = flow_of(arguments.get<Model>("model"));
  const double percent = arguments.real("sampling_percent");
  if (arguments.get<bool>("return_actual_sigma") && (percent == 0.0 || percent == 1.0)) {
    return {static_cast<double>(percent == 0.0 ? flow.sigma_max() : flow.sigma_min())};
  }
  return {flow.percent_to_sigma(percent)};
}

std::vector<Value> gits(const Arguments& arguments, NodeContext&) {
  return {Sigmas{sampling::gits_sigmas(arguments.real("coeff"), steps_of(arguments),
                                       arguments.real("denoise"))}};
}

InputSpec schedule_steps_input(int64_t default_value = 20, int64_t most = 10000) {
  return integer("steps", default_value, 1, most);
}
InputSpec sigma_max_input() { return real("sigma_max", 14.614642, 0.0, 5000.0, 0.01); }
InputSpec sigma_min_input() { return real("sigma_min", 0.0291675, 0.0, 5000.0, 0.01); }
InputSpec denoise_input() { return real("denoise", 1.0, 0.0, 1.0, 0.01); }

void add_schedule(NodeTypes& types, const char* class_name, const char* description,
                  std::vector<InputSpec> inputs, NodeFunction run) {
  types.push_back({.class_name = class_name,
                   .display_name = class_name,
                   .category = "model/sampling/schedulers",
                   .description = description,
                   .inputs = std::move(inputs),
                   .outputs = {{"SIGMAS", "SIGMAS"}},
                   .is_core = false,
                   .run = run});
}

// A schedule that was searched for one of several models.
void add_table_schedule(NodeTypes& types, const char* class_name, const char* description,
                        const std::vector<sampling::LevelTable>& tables, InputSpec steps) {
  std::vector<std::string> models;
  for (const sampling::LevelTable& table : tables) models.emplace_back(table.model);
  types.push_back(
      {.class_name = class_name,
       .display_name = class_name,
       .category = "model/sampling/schedulers",
       .description = description,
       .inputs = {choice("model_type", std::move(models)), std::move(steps), denoise_input()},
       .outputs = {{"SIGMAS", "SIGMAS"}},
       .is_core = false,
       .run = [&tables](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
         return {Sigmas{sampling::table_sigmas(tables, arguments.text("model_type"),
                                               steps_of(arguments), arguments.real("denoise"))}};
       }});
}

void add_schedules_by_formula(NodeTypes& types) {
  add_schedule(types, "KarrasScheduler", "Noise levels of Karras et al. between two ends.",
               {schedule_steps_input(), sigma_max_input(), sigma_min_input(),
                real("rho", 7.0, 0.0, 100.0, 0.01)},
               karras);
  add_schedule(types, "ExponentialScheduler", "Noise levels that shrink by the same factor.",
               {schedule_steps_input(), sigma_max_input(), sigma_min_input()}, exponential);
  add_schedule(types, "PolyexponentialScheduler",
               "Noise levels that shrink by a factor that a power of the step gives.",
               {schedule_steps_input(), sigma_max_input(), sigma_min_input(),
                real("rho", 1.0, 0.0, 100.0, 0.01)},
               polyexponential);
  add_schedule(types, "LaplaceScheduler", "Noise levels at quantiles of a Laplace distribution.",
               {schedule_steps_input(), sigma_max_input(), sigma_min_input(),
                real("mu", 0.0, -10.0, 10.0, 0.1), real("beta", 0.5, 0.0, 10.0, 0.1)},
               laplace);
  add_schedule(types, "VPScheduler", "Noise levels of the variance-preserving diffusion.",
               {schedule_steps_input(), real("beta_d", 19.9, 0.0, 5000.0, 0.01),
                real("beta_min", 0.1, 0.0, 5000.0, 0.01), real("eps_s", 0.001, 0.0, 1.0, 0.0001)},
               variance_preserving);
  add_schedule(types, "BetaSamplingScheduler",
               "The model's noise levels at quantiles of a beta distribution.",
               {link("model", "MODEL"), schedule_steps_input(), real("alpha", 0.6, 0.0, 50.0, 0.01),
                real("beta", 0.6, 0.0, 50.0, 0.01)},
               beta);
  add_schedule(types, "SDTurboScheduler",
               "Noise levels of SD-Turbo; on Z-Image they begin beyond pure noise.",
               {link("model", "MODEL"), schedule_steps_input(1, 10), denoise_input()}, sd_turbo);
  add_schedule(types, "Flux2Scheduler", "Noise levels of FLUX.2 for a size of picture.",
               {integer("steps", 20, 1, 4096), integer("width", 1024, 16, 16384),
                integer("height", 1024, 16, 16384)},
               flux2);
  add_schedule(types, "GITSScheduler", "Noise levels that were searched by the path's curvature.",
               {real("coeff", 1.2, 0.8, 1.5, 0.05), integer("steps", 10, 2, 1000), denoise_input()},
               gits);
  add_table_schedule(types, "AlignYourStepsScheduler",
                     "Noise levels that were searched for Stable Diffusion.",
                     sampling::align_your_steps_tables(), integer("steps", 10, 1, 10000));
  add_table_schedule(types, "OptimalStepsScheduler",
                     "Noise levels that were searched for flow models.",
                     sampling::optimal_steps_tables(), integer("steps", 20, 3, 1000));
}

void add_changes_of_sigmas(NodeTypes& types) {
  const auto add = [&](const char* class_name, const char* description,
                       std::vector<InputSpec> inputs, NodeFunction run) {
    types.push_back({.class_name = class_name,
                     .display_name = class_name,
                     .category = "model/sampling/sigmas",
                     .description = description,
                     .inputs = std::move(inputs),
                     .outputs = {{"SIGMAS", "SIGMAS"}},
                     .is_core = false,
                     .run = run});
  };
  add("ManualSigmas", "Noise levels written as numbers.", {text("sigmas", "1, 0.5")}, from_text);
  add("FlipSigmas", "The same noise levels upwards: from a picture to noise.",
      {link("sigmas", "SIGMAS")}, flip);
  add("SetFirstSigma", "Another first noise level.",
      {link("sigmas", "SIGMAS"), real("sigma", 136.0, 0.0, 20000.0, 0.001)}, set_first);
  add("ExtendIntermediateSigmas", "More noise levels within the steps of a range.",
      {link("sigmas", "SIGMAS"), integer("steps", 2, 1, 100).tip("Steps that one becomes."),
       real("start_at_sigma", -1.0, -1.0, 20000.0, 0.01).tip("Below 0: from the beginning."),
       real("end_at_sigma", 12.0, 0.0, 20000.0, 0.01),
       choice("spacing", {"linear", "cosine", "sine"})},
      extend);
  types.push_back({
      .class_name = "SplitSigmasDenoise",
      .display_name = "SplitSigmasDenoise",
      .category = "model/sampling/sigmas",
      .description = "Noise levels for two samplers; the second gets a share of the steps.",
      .inputs = {link("sigmas", "SIGMAS"), denoise_input()},
      .outputs = {{"SIGMAS", "high_sigmas"}, {"SIGMAS", "low_sigmas"}},
      .is_core = false,
      .run = split_by_denoise,
  });
  types.push_back({
      .class_name = "SamplingPercentToSigma",
      .display_name = "SamplingPercentToSigma",
      .category = "model/sampling/sigmas",
      .description = "The noise level at which a share of the way is done.",
      .inputs = {link("model", "MODEL"), real("sampling_percent", 0.0, 0.0, 1.0, 0.0001),
                 boolean("return_actual_sigma", false)
                     .tip("At 0 and 1 the model's own ends instead of the limits of ranges.")},
      .outputs = {{"FLOAT", "sigma_value"}},
      .is_core = false,
      .run = percent_to_sigma,
  });
}

}  // namespace

void add_sigma_nodes(NodeTypes& types) {
  add_schedules_by_formula(types);
  add_changes_of_sigmas(types);
}

}  // namespace zanime::nodes
