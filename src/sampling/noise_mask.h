// Sampling that repaints a part of a latent and keeps the rest.
#pragma once

#include "base/tensor.h"
#include "sampling/guidance.h"

namespace zanime::sampling {

// A mask [any, any height, any width] made to fit a latent [batch, channels, height, width]:
// resized to [batch, height, width] by linear interpolation between the centres of its cells,
// without smoothing when it shrinks; fewer masks than pictures repeat in turn.
Tensor fit_mask(const Tensor& mask, const Shape& latent);

// The guide with everything outside the mask held to `latent`: what it sees there is the latent
// noised to the current sigma, what it answers there is the latent itself. `mask` [batch, height,
// width] may be fractional; `latent` and `noise` [batch, channels, height, width] are in the
// model's space. Denoised::unconditional stays unmasked, as in the reference.
Guide inpaint_guide(Guide guide, Tensor mask, Tensor latent, Tensor noise);

}  // namespace zanime::sampling
