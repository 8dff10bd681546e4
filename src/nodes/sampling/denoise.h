// The meeting point of networks and samplers: a diffusion model under a conditioning as the
// function `denoise(x, sigma)` that samplers call.
#pragma once

#include <vector>

#include "base/cancel.h"
#include "nodes/sampling/model_patch.h"
#include "nodes/value.h"
#include "ops/ops.h"
#include "sampling/flow.h"
#include "sampling/guidance.h"

namespace zanime::nodes {

using ModelPatches = std::vector<ModelPatch>;

// How the model's noise levels are spaced.
sampling::FlowSchedule flow_of(const Model& model);

// A new run's patches of a model.
ModelPatches patches_of(const Model& model, ops::Backend& backend, const CancelToken& cancel);

// denoised = x - sigma * velocity(x, sigma). Entries whose range holds sigma are averaged, each
// place by their strengths and masks there; an entry with an area sees and predicts that part of x
// alone. Where there is no entry, the result is zero, as in ComfyUI. Default entries fill up what
// the others leave. An entry's caption branch runs when it first takes part and never again, so a
// conditioning that guidance leaves out costs nothing. Hooks change the network for their entry,
// and `patches` stand around it. `backend` and `cancel` must outlive the function. Throws
// Error(kGraph) here when a row of the conditioning is not as wide as the model expects.
sampling::Denoise flow_denoise(const Model& model, const Conditioning& conditioning,
                               ops::Backend& backend, const CancelToken& cancel,
                               const ModelPatches& patches = {});

// A guider as the function that samplers call, and what its model's patches add.
struct GuidedRun {
  sampling::Guide guide;
  sampling::MaskRule mask;
  std::vector<std::function<std::string()>> summaries;
};
// `shape` is that of the latent to sample: areas are parts of it.
GuidedRun guided_run(const Guider& guider, const Shape& shape, ops::Backend& backend,
                     const CancelToken& cancel);

}  // namespace zanime::nodes
