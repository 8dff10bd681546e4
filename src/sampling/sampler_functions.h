// Every sampler: walks `x` from context.sigmas.front() to the last sigma. The papers are named
// where the samplers are defined. samplers.cc has the list with the names users know.
#pragma once

#include "sampling/samplers.h"

namespace zanime::samplers {

// euler.cc
Tensor euler(const SamplerContext& context, Tensor x);

// heun.cc
Tensor heun(const SamplerContext& context, Tensor x);

// dpmpp_2m.cc
Tensor dpmpp_2m(const SamplerContext& context, Tensor x);

// res_multistep.cc
Tensor res_multistep(const SamplerContext& context, Tensor x);

}  // namespace zanime::samplers
