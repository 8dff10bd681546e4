#include "sampling/samplers.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "sampling/sampler_functions.h"

namespace zanime::sampling {
namespace {

struct NamedSampler {
  std::string_view name;
  Tensor (*run)(const SamplerContext&, Tensor);
};

// In the order of ComfyUI's KSampler widget. The _gpu names of the reference draw their noise on
// the GPU there; its results on a CPU are those of the plain names.
constexpr std::array kSamplers{
    NamedSampler{"euler", euler},
    NamedSampler{"euler_cfg_pp", euler_cfg_pp},
    NamedSampler{"euler_ancestral", euler_ancestral},
    NamedSampler{"euler_ancestral_cfg_pp", euler_ancestral_cfg_pp},
    NamedSampler{"heun", heun},
    NamedSampler{"heunpp2", heunpp2},
    NamedSampler{"exp_heun_2_x0", exp_heun_2_x0},
    NamedSampler{"exp_heun_2_x0_sde", exp_heun_2_x0_sde},
    NamedSampler{"dpm_2", dpm_2},
    NamedSampler{"dpm_2_ancestral", dpm_2_ancestral},
    NamedSampler{"lms", lms},
    NamedSampler{"dpm_fast", dpm_fast},
    NamedSampler{"dpm_adaptive", dpm_adaptive},
    NamedSampler{"dpmpp_2s_ancestral", dpmpp_2s_ancestral},
    NamedSampler{"dpmpp_2s_ancestral_cfg_pp", dpmpp_2s_ancestral_cfg_pp},
    NamedSampler{"dpmpp_sde", dpmpp_sde},
    NamedSampler{"dpmpp_sde_gpu", dpmpp_sde},
    NamedSampler{"dpmpp_2m", dpmpp_2m},
    NamedSampler{"dpmpp_2m_cfg_pp", dpmpp_2m_cfg_pp},
    NamedSampler{"dpmpp_2m_sde", dpmpp_2m_sde},
    NamedSampler{"dpmpp_2m_sde_gpu", dpmpp_2m_sde},
    NamedSampler{"dpmpp_2m_sde_heun", dpmpp_2m_sde_heun},
    NamedSampler{"dpmpp_2m_sde_heun_gpu", dpmpp_2m_sde_heun},
    NamedSampler{"dpmpp_3m_sde", dpmpp_3m_sde},
    NamedSampler{"dpmpp_3m_sde_gpu", dpmpp_3m_sde},
    NamedSampler{"ddpm", ddpm},
    NamedSampler{"lcm", lcm},
    NamedSampler{"ipndm", ipndm},
    NamedSampler{"ipndm_v", ipndm_v},
    NamedSampler{"deis", deis},
    NamedSampler{"res_multistep", res_multistep},
    NamedSampler{"res_multistep_cfg_pp", res_multistep_cfg_pp},
    NamedSampler{"res_multistep_ancestral", res_multistep_ancestral},
    NamedSampler{"res_multistep_ancestral_cfg_pp", res_multistep_ancestral_cfg_pp},
    NamedSampler{"gradient_estimation", gradient_estimation},
    NamedSampler{"gradient_estimation_cfg_pp", gradient_estimation_cfg_pp},
    NamedSampler{"er_sde", er_sde},
    NamedSampler{"seeds_2", seeds_2},
    NamedSampler{"seeds_3", seeds_3},
    NamedSampler{"sa_solver", sa_solver},
    NamedSampler{"sa_solver_pece", sa_solver_pece},
    NamedSampler{"ddim", euler},
    NamedSampler{"uni_pc", uni_pc},
    NamedSampler{"uni_pc_bh2", uni_pc_bh2},
};

}  // namespace

const std::vector<std::string>& sampler_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const NamedSampler& sampler : kSamplers) list.emplace_back(sampler.name);
    return list;
  }();
  return names;
}

SamplerFunction find_sampler(std::string_view name) {
  for (const NamedSampler& sampler : kSamplers) {
    if (sampler.name == name) return sampler.run;
  }
  std::string known;
  for (const std::string& each : sampler_names()) known += (known.empty() ? "" : ", ") + each;
  throw Error(ErrorKind::kUsage,
              "sampler '" + std::string(name) + "' is unknown; there are: " + known);
}

Tensor run_sampler(std::string_view sampler, const SamplerContext& context, Tensor x) {
  return find_sampler(sampler)(context, std::move(x));
}

}  // namespace zanime::sampling
