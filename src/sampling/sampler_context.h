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
  // What the model's noise was multiplied by in training, for samplers that noise a picture anew.
  double noise_scale = 1.0;
  StepCallback on_step;
};

// How much noise an ancestral sampler adds: eta as a part of what it could (0: none), and what that
// noise is multiplied by.
struct NoiseAmount {
  double eta = 1.0;
  double scale = 1.0;
};

// A way from noise to a picture: from `x` = noise scaled to context.sigmas.front() to the last
// sigma.
using SamplerFunction = std::function<Tensor(const SamplerContext& context, Tensor x)>;

}  // namespace zanime::sampling
