#include "sampling/samplers.h"

#include <array>
#include <utility>

#include "base/error.h"
#include "sampling/sampler_functions.h"

namespace zanime {
namespace {

struct NamedSampler {
  std::string_view name;
  Tensor (*run)(const SamplerContext&, Tensor);
};

// In the order of ComfyUI's KSampler widget. The _gpu names of the reference draw their noise on
// the GPU there; its results on a CPU are those of the plain names.
constexpr std::array kSamplers{
    NamedSampler{"euler", samplers::euler},
    NamedSampler{"euler_cfg_pp", samplers::euler_cfg_pp},
    NamedSampler{"euler_ancestral", samplers::euler_ancestral},
    NamedSampler{"euler_ancestral_cfg_pp", samplers::euler_ancestral_cfg_pp},
    NamedSampler{"heun", samplers::heun},
    NamedSampler{"heunpp2", samplers::heunpp2},
    NamedSampler{"exp_heun_2_x0", samplers::exp_heun_2_x0},
    NamedSampler{"exp_heun_2_x0_sde", samplers::exp_heun_2_x0_sde},
    NamedSampler{"dpm_2", samplers::dpm_2},
    NamedSampler{"dpm_2_ancestral", samplers::dpm_2_ancestral},
    NamedSampler{"lms", samplers::lms},
    NamedSampler{"dpm_fast", samplers::dpm_fast},
    NamedSampler{"dpm_adaptive", samplers::dpm_adaptive},
    NamedSampler{"dpmpp_2s_ancestral", samplers::dpmpp_2s_ancestral},
    NamedSampler{"dpmpp_2s_ancestral_cfg_pp", samplers::dpmpp_2s_ancestral_cfg_pp},
    NamedSampler{"dpmpp_sde", samplers::dpmpp_sde},
    NamedSampler{"dpmpp_sde_gpu", samplers::dpmpp_sde},
    NamedSampler{"dpmpp_2m", samplers::dpmpp_2m},
    NamedSampler{"dpmpp_2m_cfg_pp", samplers::dpmpp_2m_cfg_pp},
    NamedSampler{"dpmpp_2m_sde", samplers::dpmpp_2m_sde},
    NamedSampler{"dpmpp_2m_sde_gpu", samplers::dpmpp_2m_sde},
    NamedSampler{"dpmpp_2m_sde_heun", samplers::dpmpp_2m_sde_heun},
    NamedSampler{"dpmpp_2m_sde_heun_gpu", samplers::dpmpp_2m_sde_heun},
    NamedSampler{"dpmpp_3m_sde", samplers::dpmpp_3m_sde},
    NamedSampler{"dpmpp_3m_sde_gpu", samplers::dpmpp_3m_sde},
    NamedSampler{"ddpm", samplers::ddpm},
    NamedSampler{"lcm", samplers::lcm},
    NamedSampler{"ipndm", samplers::ipndm},
    NamedSampler{"ipndm_v", samplers::ipndm_v},
    NamedSampler{"deis", samplers::deis},
    NamedSampler{"res_multistep", samplers::res_multistep},
    NamedSampler{"res_multistep_cfg_pp", samplers::res_multistep_cfg_pp},
    NamedSampler{"res_multistep_ancestral", samplers::res_multistep_ancestral},
    NamedSampler{"res_multistep_ancestral_cfg_pp", samplers::res_multistep_ancestral_cfg_pp},
    NamedSampler{"gradient_estimation", samplers::gradient_estimation},
    NamedSampler{"gradient_estimation_cfg_pp", samplers::gradient_estimation_cfg_pp},
    NamedSampler{"er_sde", samplers::er_sde},
    NamedSampler{"seeds_2", samplers::seeds_2},
    NamedSampler{"seeds_3", samplers::seeds_3},
    NamedSampler{"sa_solver", samplers::sa_solver},
    NamedSampler{"sa_solver_pece", samplers::sa_solver_pece},
    NamedSampler{"ddim", samplers::euler},
    NamedSampler{"uni_pc", samplers::uni_pc},
    NamedSampler{"uni_pc_bh2", samplers::uni_pc_bh2},
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

Tensor run_sampler(std::string_view name, const SamplerContext& context, Tensor x) {
  for (const NamedSampler& sampler : kSamplers) {
    if (sampler.name == name) return sampler.run(context, std::move(x));
  }
  std::string known;
  for (const std::string& each : sampler_names()) known += (known.empty() ? "" : ", ") + each;
  throw Error(ErrorKind::kUsage,
              "sampler '" + std::string(name) + "' is unknown; there are: " + known);
}

}  // namespace zanime
