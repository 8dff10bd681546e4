// What a latent shows while it forms.
#pragma once

#include "base/cancel.h"
#include "base/tensor.h"
#include "nodes/value.h"
#include "ops/ops.h"
#include "sampling/ksampler.h"

namespace zanime::nodes {

// The pictures that a latent stands for, [batch, rows, columns, 3], values 0 to 1. `latent` is as
// the diffusion model knows it (LatentFormat). Latents of FLUX.1's autoencoder, and those of which
// nobody says whose they are, are seen as linear_preview sees them, an eighth of the picture's
// size. Latents of another autoencoder are decoded, to the picture's size or 512 pixels along the
// longer side: those there are are narrow, and so quick. Empty where neither can be.
Tensor preview_pixels(const Tensor& latent, const sampling::LatentFormat& format, const Vae* vae,
                      ops::Backend& backend, const CancelToken& cancel);

// A latent [batch, 16, height, width] of FLUX.1's autoencoder in the diffusion model's scale, as
// pixels [batch, height, width, 3] with values 0 to 1: each is a linear function of the 16 numbers
// at its place, which shows shapes and colours an eighth of the picture's size.
Tensor linear_preview(const Tensor& latent);

}  // namespace zanime::nodes
