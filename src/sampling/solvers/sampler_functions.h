// Every sampler: walks `x` from context.sigmas.front() to the last sigma. The papers are named
// where the samplers are defined. samplers.cc has the list with the names users know.
#pragma once

#include <cstddef>
#include <optional>
#include <utility>

#include "sampling/sampler_context.h"

namespace zanime::sampling {

// euler.cc
Tensor euler(const SamplerContext& context, Tensor x);
Tensor euler_ancestral(const SamplerContext& context, Tensor x);
Tensor euler_cfg_pp(const SamplerContext& context, Tensor x);
Tensor euler_ancestral_cfg_pp(const SamplerContext& context, Tensor x);
Tensor euler_ancestral_with(const SamplerContext& context, Tensor x, const NoiseAmount& amount);
Tensor euler_ancestral_cfg_pp_with(const SamplerContext& context, Tensor x,
                                   const NoiseAmount& amount);
// CFG++ as it was first tried: Euler's step with the unconditional prediction in place of the
// guided one where the noise is looked for in x.
Tensor euler_cfg_pp_alternative(const SamplerContext& context, Tensor x);

// heun.cc
Tensor heun(const SamplerContext& context, Tensor x);
Tensor heunpp2(const SamplerContext& context, Tensor x);

// seeds.cc
Tensor exp_heun_2_x0(const SamplerContext& context, Tensor x);
Tensor exp_heun_2_x0_sde(const SamplerContext& context, Tensor x);
Tensor seeds_2(const SamplerContext& context, Tensor x);
Tensor seeds_3(const SamplerContext& context, Tensor x);
struct Seeds2Options {
  NoiseAmount noise = {};
  double r = 0.5;          // where in the step the second stage is, in half log SNR
  bool uses_phi2 = false;  // how the two stages are combined: by phi_1 or by phi_2
};
Tensor seeds_2_with(const SamplerContext& context, Tensor x, const Seeds2Options& options);

// dpm_2.cc
Tensor dpm_2(const SamplerContext& context, Tensor x);
Tensor dpm_2_ancestral(const SamplerContext& context, Tensor x);

// lms.cc
Tensor lms(const SamplerContext& context, Tensor x);
Tensor lms_with(const SamplerContext& context, Tensor x, size_t order);

// dpm_solver.cc
Tensor dpm_fast(const SamplerContext& context, Tensor x);
Tensor dpm_adaptive(const SamplerContext& context, Tensor x);
struct DpmAdaptiveOptions {
  int order = 3;  // 2 or 3
  double relative_tolerance = 0.05;
  double absolute_tolerance = 0.0078;
  double first_step = 0.05;  // in -log sigma
  // Coefficients of the controller of the step's size.
  double proportional = 0.0, integral = 1.0, derivative = 0.0;
  double accept_from = 0.81;  // a step is taken again when its factor is below
  NoiseAmount noise{.eta = 0.0};
};
// Throws Error(kUsage) where the steps become too small to arrive.
Tensor dpm_adaptive_with(const SamplerContext& context, Tensor x,
                         const DpmAdaptiveOptions& options);

// dpmpp_2s.cc
Tensor dpmpp_2s_ancestral(const SamplerContext& context, Tensor x);
Tensor dpmpp_2s_ancestral_cfg_pp(const SamplerContext& context, Tensor x);
Tensor dpmpp_2s_ancestral_with(const SamplerContext& context, Tensor x, const NoiseAmount& amount);

// dpmpp_2m.cc
Tensor dpmpp_2m(const SamplerContext& context, Tensor x);
Tensor dpmpp_2m_cfg_pp(const SamplerContext& context, Tensor x);

// dpmpp_sde.cc
Tensor dpmpp_sde(const SamplerContext& context, Tensor x);
Tensor dpmpp_2m_sde(const SamplerContext& context, Tensor x);
Tensor dpmpp_2m_sde_heun(const SamplerContext& context, Tensor x);
Tensor dpmpp_3m_sde(const SamplerContext& context, Tensor x);
enum class DpmppCorrection { kMidpoint, kHeun };
Tensor dpmpp_sde_with(const SamplerContext& context, Tensor x, const NoiseAmount& amount, double r);
Tensor dpmpp_2m_sde_with(const SamplerContext& context, Tensor x, const NoiseAmount& amount,
                         DpmppCorrection correction);
Tensor dpmpp_3m_sde_with(const SamplerContext& context, Tensor x, const NoiseAmount& amount);

// ddpm.cc
Tensor ddpm(const SamplerContext& context, Tensor x);

// lcm.cc
Tensor lcm(const SamplerContext& context, Tensor x);
struct LcmNoise {
  double first = 1.0, last = 1.0;  // what the noise of the first and the last step is multiplied by
  double clip = 0.0;               // standard deviations beyond which noise is cut off; 0: nowhere
};
Tensor lcm_with(const SamplerContext& context, Tensor x, const LcmNoise& amount);

// ipndm.cc
Tensor ipndm(const SamplerContext& context, Tensor x);
Tensor ipndm_v(const SamplerContext& context, Tensor x);

// deis.cc
Tensor deis(const SamplerContext& context, Tensor x);

// res_multistep.cc
Tensor res_multistep(const SamplerContext& context, Tensor x);
Tensor res_multistep_cfg_pp(const SamplerContext& context, Tensor x);
Tensor res_multistep_ancestral(const SamplerContext& context, Tensor x);
Tensor res_multistep_ancestral_cfg_pp(const SamplerContext& context, Tensor x);

// gradient_estimation.cc
Tensor gradient_estimation(const SamplerContext& context, Tensor x);
Tensor gradient_estimation_cfg_pp(const SamplerContext& context, Tensor x);

// er_sde.cc
Tensor er_sde(const SamplerContext& context, Tensor x);
struct ErSdeOptions {
  enum class Kind { kErSde, kReverseTime, kOde };
  Kind kind = Kind::kErSde;
  int order = 3;  // 1 to 3
  double eta = 1.0;
  double noise_scale = 1.0;
};
Tensor er_sde_with(const SamplerContext& context, Tensor x, const ErSdeOptions& options);

// sa_solver.cc
Tensor sa_solver(const SamplerContext& context, Tensor x);
Tensor sa_solver_pece(const SamplerContext& context, Tensor x);
struct SaSolverOptions {
  double eta = 1.0;  // tau where noise is added
  // The sigmas between which noise is added; by default from 20 % to 80 % of the way.
  std::optional<std::pair<double, double>> noisy_sigmas = {};
  double noise_scale = 1.0;
  size_t predictor_order = 3, corrector_order = 4;  // the corrector's may be 0: none
  bool evaluate_twice = false;                      // PECE: once more after the correction
  bool simple_second_order = false;                 // the paper's simpler weights at order 2
};
Tensor sa_solver_with(const SamplerContext& context, Tensor x, const SaSolverOptions& options);

// uni_pc.cc
Tensor uni_pc(const SamplerContext& context, Tensor x);
Tensor uni_pc_bh2(const SamplerContext& context, Tensor x);

}  // namespace zanime::sampling
