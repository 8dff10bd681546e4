// Ancestral steps: step further down than the next sigma, then add noise back up to it.
#pragma once

#include "sampling/noise.h"
#include "sampling/sampler_context.h"

namespace zanime::sampling {

// Noise for ancestral steps, one draw a step. The generator's seed is the run's plus one, so that
// its first draw is not the noise that the run started from.
inline NoiseGenerator ancestral_noise(const SamplerContext& context) {
  return NoiseGenerator(context.seed + 1);
}

// Of a variance-exploding walk (x = latent + sigma noise): to `down`, then add `up` noise, with
// down^2 + up^2 = next^2; DDPM's posterior (arXiv 2006.11239) in terms of sigma. eta 0 adds none;
// `sigma` may be infinite.
struct AncestralStep {
  double down;
  double up;
};
AncestralStep ancestral_step(double sigma, double next, double eta = 1.0);

// Of a flow (x = (1 - sigma) latent + sigma noise), which also has to shrink the picture's part:
// to `down`, then keep * x + renoise * noise. sigma and next are below or at 1, next below 1.
struct FlowAncestralStep {
  double down;
  double keep;
  double renoise;
};
FlowAncestralStep flow_ancestral_step(double sigma, double next, double eta = 1.0);

}  // namespace zanime::sampling
