// Samplers with parameters of their own.
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "nodes/core_nodes.h"
#include "nodes/sampling/denoise.h"
#include "pictures/resample.h"
#include "sampling/noise.h"
#include "sampling/samplers.h"
#include "sampling/solvers/sampler_functions.h"
#include "sampling/solvers/sampler_steps.h"

namespace zanime::nodes {
namespace {

using sampling::NoiseAmount;
using sampling::SamplerContext;

NoiseAmount amount_of(const Arguments& arguments) {
  return {.eta = arguments.real("eta"), .scale = arguments.real("s_noise")};
}

// A sampler under the name by which a run knows it.
std::vector<Value> sampler(const char* name, sampling::SamplerFunction walk) {
  return {Sampler{name, std::move(walk)}};
}

std::vector<Value> euler_ancestral(const Arguments& arguments, NodeContext&) {
  return sampler("euler_ancestral",
                 [amount = amount_of(arguments)](const SamplerContext& context, Tensor x) {
                   return sampling::euler_ancestral_with(context, std::move(x), amount);
                 });
}

std::vector<Value> euler_ancestral_cfg_pp(const Arguments& arguments, NodeContext&) {
  return sampler("euler_ancestral_cfg_pp",
                 [amount = amount_of(arguments)](const SamplerContext& context, Tensor x) {
                   return sampling::euler_ancestral_cfg_pp_with(context, std::move(x), amount);
                 });
}

std::vector<Value> euler_cfg_pp(const Arguments& arguments, NodeContext&) {
  const bool alternative = arguments.text("version") == "alternative";
  return sampler("euler_cfg_pp",
                 alternative ? sampling::euler_cfg_pp_alternative : sampling::euler_cfg_pp);
}

std::vector<Value> dpm_adaptive(const Arguments& arguments, NodeContext&) {
  const sampling::DpmAdaptiveOptions options{.order = static_cast<int>(arguments.integer("order")),
                                             .relative_tolerance = arguments.real("rtol"),
                                             .absolute_tolerance = arguments.real("atol"),
                                             .first_step = arguments.real("h_init"),
                                             .proportional = arguments.real("pcoeff"),
                                             .integral = arguments.real("icoeff"),
                                             .derivative = arguments.real("dcoeff"),
                                             .accept_from = arguments.real("accept_safety"),
                                             .noise = amount_of(arguments)};
  return sampler("dpm_adaptive", [options](const SamplerContext& context, Tensor x) {
    return sampling::dpm_adaptive_with(context, std::move(x), options);
  });
}

std::vector<Value> dpmpp_2m_sde(const Arguments& arguments, NodeContext&) {
  const auto correction = arguments.text("solver_type") == "heun"
                              ? sampling::DpmppCorrection::kHeun
                              : sampling::DpmppCorrection::kMidpoint;
  return sampler("dpmpp_2m_sde", [amount = amount_of(arguments), correction](
                                     const SamplerContext& context, Tensor x) {
    return sampling::dpmpp_2m_sde_with(context, std::move(x), amount, correction);
  });
}

std::vector<Value> dpmpp_3m_sde(const Arguments& arguments, NodeContext&) {
  return sampler("dpmpp_3m_sde",
                 [amount = amount_of(arguments)](const SamplerContext& context, Tensor x) {
                   return sampling::dpmpp_3m_sde_with(context, std::move(x), amount);
                 });
}

std::vector<Value> dpmpp_sde(const Arguments& arguments, NodeContext&) {
  const double r = arguments.real("r");
  if (r == 0.0) throw Error(ErrorKind::kGraph, "input `r` is 0, but must be above 0");
  return sampler("dpmpp_sde",
                 [amount = amount_of(arguments), r](const SamplerContext& context, Tensor x) {
                   return sampling::dpmpp_sde_with(context, std::move(x), amount, r);
                 });
}

std::vector<Value> dpmpp_2s_ancestral(const Arguments& arguments, NodeContext&) {
  return sampler("dpmpp_2s_ancestral",
                 [amount = amount_of(arguments)](const SamplerContext& context, Tensor x) {
                   return sampling::dpmpp_2s_ancestral_with(context, std::move(x), amount);
                 });
}

std::vector<Value> er_sde(const Arguments& arguments, NodeContext&) {
  using Kind = sampling::ErSdeOptions::Kind;
  const std::string& type = arguments.text("solver_type");
  const double eta = arguments.real("eta");
  const Kind kind = type == "ODE" || eta == 0.0  ? Kind::kOde
                    : type == "Reverse-time SDE" ? Kind::kReverseTime
                                                 : Kind::kErSde;
  const sampling::ErSdeOptions options{.kind = kind,
                                       .order = static_cast<int>(arguments.integer("max_stage")),
                                       .eta = eta,
                                       .noise_scale = arguments.real("s_noise")};
  return sampler("er_sde", [options](const SamplerContext& context, Tensor x) {
    return sampling::er_sde_with(context, std::move(x), options);
  });
}

std::vector<Value> sa_solver(const Arguments& arguments, NodeContext&) {
  const sampling::FlowSchedule flow = flow_of(arguments.get<Model>("model"));
  const sampling::SaSolverOptions options{
      .eta = arguments.real("eta"),
      .noisy_sigmas = std::pair{flow.percent_to_sigma(arguments.real("sde_start_percent")),
                                flow.percent_to_sigma(arguments.real("sde_end_percent"))},
      .noise_scale = arguments.real("s_noise"),
      .predictor_order = static_cast<size_t>(arguments.integer("predictor_order")),
      .corrector_order = static_cast<size_t>(arguments.integer("corrector_order")),
      .evaluate_twice = arguments.get<bool>("use_pece"),
      .simple_second_order = arguments.get<bool>("simple_order_2")};
  return sampler("sa_solver", [options](const SamplerContext& context, Tensor x) {
    return sampling::sa_solver_with(context, std::move(x), options);
  });
}

std::vector<Value> seeds_2(const Arguments& arguments, NodeContext&) {
  const sampling::Seeds2Options options{.noise = amount_of(arguments),
                                        .r = arguments.real("r"),
                                        .uses_phi2 = arguments.text("solver_type") == "phi_2"};
  return sampler("seeds_2", [options](const SamplerContext& context, Tensor x) {
    return sampling::seeds_2_with(context, std::move(x), options);
  });
}

std::vector<Value> lms(const Arguments& arguments, NodeContext&) {
  const auto order = static_cast<size_t>(arguments.integer("order"));
  return sampler("lms", [order](const SamplerContext& context, Tensor x) {
    return sampling::lms_with(context, std::move(x), order);
  });
}

std::vector<Value> lcm(const Arguments& arguments, NodeContext&) {
  const sampling::LcmNoise amount{.first = arguments.real("s_noise"),
                                  .last = arguments.real("s_noise_end"),
                                  .clip = arguments.real("noise_clip_std")};
  return sampler("lcm", [amount](const SamplerContext& context, Tensor x) {
    return sampling::lcm_with(context, std::move(x), amount);
  });
}

// LCM that scales the picture up on its way. As in the reference, its noise goes on where the
// noise of the start ended, and is added at full strength.
struct LcmUpscale {
  double ratio;
  std::optional<int64_t> steps;  // in which it grows; nothing: half of them
  std::string method;

  Tensor operator()(const SamplerContext& context, Tensor x) const {
    const auto count = static_cast<int64_t>(context.sigmas.size());
    const int64_t sizes =
        steps ? std::min(*steps + 1, count + 1) : std::max<int64_t>(count / 2 + 1, 2);
    const auto height = static_cast<double>(x.dim(2)), width = static_cast<double>(x.dim(3));
    sampling::NoiseGenerator noise(context.seed);
    noise.normal(x.shape());
    for (size_t i = 0; i < sampling::step_count(context); ++i) {
      x = sampling::open_step(context, i, x);
      const auto grown = static_cast<int64_t>(i) + 1;
      if (grown < sizes) {
        const double factor =
            1.0 + (ratio - 1.0) * static_cast<double>(grown) / static_cast<double>(sizes - 1);
        const int64_t to_height = pictures::round_half_even(height * factor);
        const int64_t to_width = pictures::round_half_even(width * factor);
        if (to_height < 1 || to_width < 1) {
          throw Error(ErrorKind::kUsage, "scale_ratio leaves nothing of the latent");
        }
        x = pictures::resize_planes(x, to_height, to_width, pictures::resize_method(method));
      }
      const double next = context.sigmas[i + 1];
      if (next > 0.0) x = sampling::weighted_sum({{1.0, x}, {next, noise.normal(x.shape())}});
    }
    return x;
  }
};

std::vector<Value> lcm_upscale(const Arguments& arguments, NodeContext&) {
  const int64_t steps = arguments.integer("scale_steps");
  return sampler("lcm_upscale", LcmUpscale{arguments.real("scale_ratio"),
                                           steps < 0 ? std::nullopt : std::optional<int64_t>(steps),
                                           arguments.text("upscale_method")});
}

InputSpec eta_input(double default_value = 1.0, double most = 100.0) {
  return real("eta", default_value, 0.0, most, 0.01).tip("How much noise is added on the way.");
}
InputSpec s_noise_input(double most = 100.0) {
  return real("s_noise", 1.0, 0.0, most, 0.01).tip("What that noise is multiplied by.");
}
// The reference draws noise on the GPU or the CPU; here it is always the CPU's.
InputSpec noise_device_input() { return choice("noise_device", {"gpu", "cpu"}); }

}  // namespace

void add_sampler_nodes(NodeTypes& types) {
  const auto add = [&](const char* class_name, const char* description,
                       std::vector<InputSpec> inputs, auto run) {
    types.push_back({.class_name = class_name,
                     .display_name = class_name,
                     .category = "model/sampling/samplers",
                     .description = description,
                     .inputs = std::move(inputs),
                     .outputs = {{"SAMPLER", "SAMPLER"}},
                     .is_core = false,
                     .run = run});
  };
  add("SamplerEulerAncestral", "Euler's method with noise.", {eta_input(), s_noise_input()},
      euler_ancestral);
  add("SamplerEulerAncestralCFGPP", "Euler's method with noise and CFG++.",
      {eta_input(1.0, 1.0), s_noise_input(10.0)}, euler_ancestral_cfg_pp);
  types.back().display_name = "SamplerEulerAncestralCFG++";
  add("SamplerEulerCFGpp", "Euler's method with CFG++.",
      {choice("version", {"regular", "alternative"})}, euler_cfg_pp);
  types.back().display_name = "SamplerEulerCFG++";
  types.back().category = "experimental";
  const auto coefficient = [](const char* name, double default_value) {
    return real(name, default_value, 0.0, 100.0, 0.01);
  };
  add("SamplerDPMAdaptative", "DPM-Solver that chooses its steps by their error.",
      {integer("order", 3, 2, 3), coefficient("rtol", 0.05), coefficient("atol", 0.0078),
       coefficient("h_init", 0.05), coefficient("pcoeff", 0.0), coefficient("icoeff", 1.0),
       coefficient("dcoeff", 0.0), coefficient("accept_safety", 0.81), eta_input(0.0),
       s_noise_input()},
      dpm_adaptive);
  add("SamplerDPMPP_2M_SDE", "DPM-Solver++ of two steps, with noise.",
      {choice("solver_type", {"midpoint", "heun"}), eta_input(), s_noise_input(),
       noise_device_input()},
      dpmpp_2m_sde);
  add("SamplerDPMPP_2S_Ancestral", "DPM-Solver++ of two stages, with noise.",
      {eta_input(), s_noise_input()}, dpmpp_2s_ancestral);
  add("SamplerDPMPP_3M_SDE", "DPM-Solver++ of three steps, with noise.",
      {eta_input(), s_noise_input(), noise_device_input()}, dpmpp_3m_sde);
  add("SamplerDPMPP_SDE", "DPM-Solver++ of two stages on a Brownian path.",
      {eta_input(), s_noise_input(),
       real("r", 0.5, 0.0, 100.0, 0.01).tip("Where in the step the second stage is."),
       noise_device_input()},
      dpmpp_sde);
  add("SamplerER_SDE", "Extended reverse-time SDE solver.",
      {choice("solver_type", {"ER-SDE", "Reverse-time SDE", "ODE"}), integer("max_stage", 3, 1, 3),
       eta_input(1.0, 10.0), s_noise_input()},
      er_sde);
  add("SamplerSASolver", "Stochastic Adams solver.",
      {link("model", "MODEL"), eta_input(1.0, 10.0),
       real("sde_start_percent", 0.2, 0.0, 1.0, 0.001),
       real("sde_end_percent", 0.8, 0.0, 1.0, 0.001), s_noise_input(),
       integer("predictor_order", 3, 1, 6), integer("corrector_order", 4, 0, 6),
       boolean("use_pece", false).tip("Predicts once more after each correction."),
       boolean("simple_order_2", false)},
      sa_solver);
  add("SamplerSEEDS2", "Two-stage exponential solver with noise.",
      {choice("solver_type", {"phi_1", "phi_2"}), eta_input(), s_noise_input(),
       real("r", 0.5, 0.01, 1.0, 0.01).tip("Where in the step the second stage is.")},
      seeds_2);
  add("SamplerLMS", "Linear multistep method.", {integer("order", 4, 1, 100)}, lms);
  add("SamplerLCM", "Consistency sampling: noises the expected picture anew at each step.",
      {real("s_noise", 1.0, 0.0, 64.0, 0.01).tip("What the first step's noise is multiplied by."),
       real("s_noise_end", 1.0, 0.0, 64.0, 0.01).tip("And the last step's."),
       real("noise_clip_std", 0.0, 0.0, 10.0, 0.01)
           .tip("Standard deviations beyond which noise is cut off; 0: nowhere.")},
      lcm);
  add("SamplerLCMUpscale", "Consistency sampling that scales the picture up on its way.",
      {real("scale_ratio", 1.0, 0.1, 20.0, 0.01),
       integer("scale_steps", -1, -1, 1000).tip("Steps in which it grows; -1: half of them."),
       choice("upscale_method", {"bislerp", "nearest-exact", "bilinear", "area", "bicubic"})},
      lcm_upscale);
}

}  // namespace zanime::nodes
