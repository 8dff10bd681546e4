// What happens around a sampler: from a latent and noise to the start of the walk, and back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/tensor.h"
#include "sampling/flow.h"
#include "sampling/guidance.h"
#include "sampling/noise_mask.h"
#include "sampling/samplers.h"

namespace zanime::sampling {

// How the latents that nodes pass around ("raw", what the autoencoder's encoder gives and its
// decoder takes) relate to the ones the diffusion model knows: model = (raw - shift) * scale.
struct LatentFormat {
  int64_t channels = 16;
  float shift = 0.1159f;  // FLUX.1's, which Z-Image uses
  float scale = 0.3611f;

  Tensor to_model(const Tensor& raw) const;
  Tensor from_model(const Tensor& model) const;
};

// An all-zero latent of another channel count (EmptyLatentImage makes 4) widened to the format's.
// Other latents are returned as they are.
Tensor fix_empty_latent(const Tensor& latent, const LatentFormat& format);

struct SampleRequest {
  std::string sampler = "euler";
  SamplerFunction walk = {};  // in place of the named sampler's own; empty: that one
  double noise_scale = 1.0;   // of a model that was trained with larger or smaller noise
  std::vector<float> sigmas;  // from make_sigmas, or a part of them; none: latent returns
  Tensor latent;      // raw, [batch, channels, height, width]; all zeros means "start from nothing"
  Tensor noise;       // of the same shape: normal_noise(shape, seed), or zeros to add none
  uint64_t seed = 0;  // of further noise
  // 1 where the latent may change, 0 where it stays: [any, any height, any width], made to fit.
  // Empty: everything may change.
  Tensor noise_mask = {};
  MaskRule mask_rule = {};  // what of the mask counts at each noise level; empty: all of it
  LatentFormat format;
  StepCallback on_step;
};

// Runs the sampler; returns the raw latent. Throws Error(kNumeric) with step and sigma when the
// model's prediction is not finite, Error(kUsage) as run_sampler does and when shapes differ.
Tensor sample(const Guide& guide, const FlowSchedule& flow, const SampleRequest& request);

// The window of a schedule that KSamplerAdvanced runs: sigmas[start .. end], where `end` beyond the
// list means all of it. With `finish` the last sigma of a shortened list becomes 0 (the node's
// return_with_leftover_noise = disable). Fewer than two sigmas are left when nothing is to do.
std::vector<float> sigma_window(std::vector<float> sigmas, int start, int end, bool finish);

}  // namespace zanime::sampling
