#include "sampling/samplers.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "sampling/solvers/sampler_functions.h"

namespace zanime::sampling {
namespace {

// In the order of ComfyUI's KSampler widget. The _gpu names of the reference draw their noise on
// the GPU there; its results on a CPU are those of the plain names.
constexpr std::array kSamplers{
    Sampler{"euler", euler},
    Sampler{.name = "euler_cfg_pp", .run = euler_cfg_pp, .needs_unconditional = true},
    Sampler{"euler_ancestral", euler_ancestral},
    Sampler{.name = "euler_ancestral_cfg_pp",
            .run = euler_ancestral_cfg_pp,
            .needs_unconditional = true},
    Sampler{"heun", heun},
    Sampler{"heunpp2", heunpp2},
    Sampler{"exp_heun_2_x0", exp_heun_2_x0},
    Sampler{"exp_heun_2_x0_sde", exp_heun_2_x0_sde},
    Sampler{.name = "dpm_2", .run = dpm_2, .drops_penultimate_sigma = true},
    Sampler{.name = "dpm_2_ancestral", .run = dpm_2_ancestral, .drops_penultimate_sigma = true},
    Sampler{"lms", lms},
    Sampler{"dpm_fast", dpm_fast},
    Sampler{"dpm_adaptive", dpm_adaptive},
    Sampler{"dpmpp_2s_ancestral", dpmpp_2s_ancestral},
    Sampler{.name = "dpmpp_2s_ancestral_cfg_pp",
            .run = dpmpp_2s_ancestral_cfg_pp,
            .needs_unconditional = true},
    Sampler{"dpmpp_sde", dpmpp_sde},
    Sampler{"dpmpp_sde_gpu", dpmpp_sde},
    Sampler{"dpmpp_2m", dpmpp_2m},
    Sampler{.name = "dpmpp_2m_cfg_pp", .run = dpmpp_2m_cfg_pp, .needs_unconditional = true},
    Sampler{"dpmpp_2m_sde", dpmpp_2m_sde},
    Sampler{"dpmpp_2m_sde_gpu", dpmpp_2m_sde},
    Sampler{"dpmpp_2m_sde_heun", dpmpp_2m_sde_heun},
    Sampler{"dpmpp_2m_sde_heun_gpu", dpmpp_2m_sde_heun},
    Sampler{"dpmpp_3m_sde", dpmpp_3m_sde},
    Sampler{"dpmpp_3m_sde_gpu", dpmpp_3m_sde},
    Sampler{"ddpm", ddpm},
    Sampler{"lcm", lcm},
    Sampler{"ipndm", ipndm},
    Sampler{"ipndm_v", ipndm_v},
    Sampler{"deis", deis},
    Sampler{"res_multistep", res_multistep},
    Sampler{
        .name = "res_multistep_cfg_pp", .run = res_multistep_cfg_pp, .needs_unconditional = true},
    Sampler{"res_multistep_ancestral", res_multistep_ancestral},
    Sampler{.name = "res_multistep_ancestral_cfg_pp",
            .run = res_multistep_ancestral_cfg_pp,
            .needs_unconditional = true},
    Sampler{"gradient_estimation", gradient_estimation},
    Sampler{.name = "gradient_estimation_cfg_pp",
            .run = gradient_estimation_cfg_pp,
            .needs_unconditional = true},
    Sampler{"er_sde", er_sde},
    Sampler{"seeds_2", seeds_2},
    Sampler{"seeds_3", seeds_3},
    Sampler{"sa_solver", sa_solver},
    Sampler{"sa_solver_pece", sa_solver_pece},
    Sampler{.name = "ddim", .run = euler, .draws_mask_noise = true},
    Sampler{.name = "uni_pc", .run = uni_pc, .drops_penultimate_sigma = true},
    Sampler{.name = "uni_pc_bh2", .run = uni_pc_bh2, .drops_penultimate_sigma = true},
};

}  // namespace

const std::vector<std::string>& sampler_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const Sampler& sampler : kSamplers) list.emplace_back(sampler.name);
    return list;
  }();
  return names;
}

const Sampler* find_sampler(std::string_view name) {
  for (const Sampler& sampler : kSamplers) {
    if (sampler.name == name) return &sampler;
  }
  return nullptr;
}

Tensor run_sampler(std::string_view name, const SamplerContext& context, Tensor x) {
  if (const Sampler* sampler = find_sampler(name)) return sampler->run(context, std::move(x));
  std::string known;
  for (const std::string& each : sampler_names()) known += (known.empty() ? "" : ", ") + each;
  throw Error(ErrorKind::kUsage,
              "sampler '" + std::string(name) + "' is unknown; there are: " + known);
}

}  // namespace zanime::sampling
