// The samplers by name: ways to walk from noise to a picture along a list of sigmas.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"
#include "sampling/flow.h"
#include "sampling/guidance.h"

namespace zanime::sampling {

// What the step callback sees. The tensors are only lent.
struct SamplerStep {
  int index = 0;  // from 0
  int total = 0;
  float sigma = 0.0f;      // at the start of the step
  const Tensor& x;         // where the walk stands
  const Tensor& denoised;  // what the model expects the picture to be: for previews
};
// Called once a step, after its first model evaluation. May throw to stop the run.
using StepCallback = std::function<void(const SamplerStep&)>;

// What a sampler works with.
struct SamplerContext {
  Guide guide;
  std::vector<float> sigmas;  // descending, at least two
  FlowSchedule flow;
  uint64_t seed = 0;  // of the noise that ancestral and SDE samplers add
  StepCallback on_step;
};

// Names of all samplers, in the order of ComfyUI's KSampler widget.
const std::vector<std::string>& sampler_names();

// Walks from `x` = noise scaled to context.sigmas.front() to the last sigma. Throws Error(kUsage)
// for an unknown sampler, naming those there are, and whatever the guide or the callback throws.
Tensor run_sampler(std::string_view sampler, const SamplerContext& context, Tensor x);

}  // namespace zanime::sampling
