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

// In the order of ComfyUI's KSampler widget.
constexpr std::array kSamplers{
    NamedSampler{"euler", samplers::euler},
    NamedSampler{"heun", samplers::heun},
    NamedSampler{"dpmpp_2m", samplers::dpmpp_2m},
    NamedSampler{"res_multistep", samplers::res_multistep},
    NamedSampler{"ddim", samplers::euler},
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
