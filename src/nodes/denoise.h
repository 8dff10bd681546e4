// The meeting point of networks and samplers: a diffusion model under a conditioning as the
// function `denoise(x, sigma)` that samplers call.
#pragma once

#include "base/cancel.h"
#include "nodes/value.h"
#include "ops/ops.h"
#include "sampling/guidance.h"

namespace zanime::nodes {

// denoised = x - sigma * velocity(x, sigma). Entries whose range holds sigma are averaged by their
// strengths; where there is none, the result is zero, as in ComfyUI. An entry's caption branch runs
// when it first takes part and never again, so a conditioning that guidance leaves out costs
// nothing. `backend` and `cancel` must outlive the function. Throws Error(kGraph) here when a row
// of the conditioning is not as wide as the model expects.
sampling::Denoise flow_denoise(const Model& model, const Conditioning& conditioning,
                               ops::Backend& backend, const CancelToken& cancel);

// The guider as the function that samplers call, under the same conditions.
sampling::Guide guide_of(const Guider& guider, ops::Backend& backend, const CancelToken& cancel);

}  // namespace zanime::nodes
