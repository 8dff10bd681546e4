// The meeting point of networks and samplers: a diffusion model under a conditioning as the
// function `denoise(x, sigma)` that samplers call.
#pragma once

#include <memory>

#include "base/progress.h"
#include "models/next_dit.h"
#include "nodes/value.h"
#include "ops/ops.h"
#include "sampling/guidance.h"

namespace zanime::nodes {

// denoised = x - sigma * velocity(x, sigma). The caption branch runs at the first call and never
// again, so a conditioning that guidance leaves out costs nothing. Several entries are averaged.
// `backend` and `cancel` must outlive the function. Throws Error(kGraph) here when a row of the
// conditioning is not as wide as the model expects.
Denoise flow_denoise(std::shared_ptr<const NextDit> network, const Conditioning& conditioning,
                     ops::Backend& backend, const CancelToken& cancel);

}  // namespace zanime::nodes
