// What a sampler works with.
#pragma once

#include <cstdint>
#include <functional>
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

// One run of a sampler.
struct SamplerContext {
  Guide guide;
  std::vector<float> sigmas;  // descending, at least two
  FlowSchedule flow;
  uint64_t seed = 0;  // of the noise that ancestral and SDE samplers add
  StepCallback on_step;
};

}  // namespace zanime::sampling
