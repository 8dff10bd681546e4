// What all sampling nodes do, each with inputs of its own.
#pragma once

#include <vector>

#include "nodes/node_context.h"
#include "nodes/value.h"

namespace zanime::nodes {

struct SamplingRun {
  Guider guider;
  Sampler sampler;
  std::vector<float> sigmas;
  Noise noise;
  Latent latent;
};

struct SamplingResult {
  Latent output;
  // What the model expected the picture to be at the last step; `output` where no step was made.
  Latent denoised;
};

// The noise of a run that starts from this latent. Throws Error(kGraph) where the latent's batch
// indices do not fit.
Tensor noise_for(const Latent& latent, const Noise& noise);

// Both results keep the noise mask and the batch indices of the latent. Throws Error(kGraph) for a
// latent that this model cannot start from, and what sample() throws.
SamplingResult run_sampling(const SamplingRun& run, NodeContext& context);

}  // namespace zanime::nodes
