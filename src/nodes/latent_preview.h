// What a latent shows, without an autoencoder.
#pragma once

#include "base/tensor.h"
#include "sampling/ksampler.h"

namespace zanime::nodes {

// Only for latents of FLUX.1's autoencoder.
bool can_preview(const LatentFormat& format);

// A latent [batch, 16, height, width] as the diffusion model knows it (LatentFormat), seen as
// pixels [batch, height, width, 3] with values 0 to 1: each is a linear function of the 16 numbers
// at its place, which shows shapes and colours an eighth of the picture's size.
Tensor preview_pixels(const Tensor& latent);

}  // namespace zanime::nodes
