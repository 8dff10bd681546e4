// Every sampler: walks `x` from context.sigmas.front() to the last sigma. The papers are named
// where the samplers are defined. samplers.cc has the list with the names users know.
#pragma once

#include "sampling/sampler_context.h"

namespace zanime::sampling {

// euler.cc
Tensor euler(const SamplerContext& context, Tensor x);
Tensor euler_ancestral(const SamplerContext& context, Tensor x);
Tensor euler_cfg_pp(const SamplerContext& context, Tensor x);
Tensor euler_ancestral_cfg_pp(const SamplerContext& context, Tensor x);

// heun.cc
Tensor heun(const SamplerContext& context, Tensor x);
Tensor heunpp2(const SamplerContext& context, Tensor x);

// seeds.cc
Tensor exp_heun_2_x0(const SamplerContext& context, Tensor x);
Tensor exp_heun_2_x0_sde(const SamplerContext& context, Tensor x);
Tensor seeds_2(const SamplerContext& context, Tensor x);
Tensor seeds_3(const SamplerContext& context, Tensor x);

// dpm_2.cc
Tensor dpm_2(const SamplerContext& context, Tensor x);
Tensor dpm_2_ancestral(const SamplerContext& context, Tensor x);

// lms.cc
Tensor lms(const SamplerContext& context, Tensor x);

// dpm_solver.cc
Tensor dpm_fast(const SamplerContext& context, Tensor x);
Tensor dpm_adaptive(const SamplerContext& context, Tensor x);

// dpmpp_2s.cc
Tensor dpmpp_2s_ancestral(const SamplerContext& context, Tensor x);
Tensor dpmpp_2s_ancestral_cfg_pp(const SamplerContext& context, Tensor x);

// dpmpp_2m.cc
Tensor dpmpp_2m(const SamplerContext& context, Tensor x);
Tensor dpmpp_2m_cfg_pp(const SamplerContext& context, Tensor x);

// dpmpp_sde.cc
Tensor dpmpp_sde(const SamplerContext& context, Tensor x);
Tensor dpmpp_2m_sde(const SamplerContext& context, Tensor x);
Tensor dpmpp_2m_sde_heun(const SamplerContext& context, Tensor x);
Tensor dpmpp_3m_sde(const SamplerContext& context, Tensor x);

// ddpm.cc
Tensor ddpm(const SamplerContext& context, Tensor x);

// lcm.cc
Tensor lcm(const SamplerContext& context, Tensor x);

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

// sa_solver.cc
Tensor sa_solver(const SamplerContext& context, Tensor x);
Tensor sa_solver_pece(const SamplerContext& context, Tensor x);

// uni_pc.cc
Tensor uni_pc(const SamplerContext& context, Tensor x);
Tensor uni_pc_bh2(const SamplerContext& context, Tensor x);

}  // namespace zanime::sampling
