// Sampling that repaints a part of a latent and keeps the rest.
#pragma once

#include <functional>
#include <vector>

#include "base/tensor.h"
#include "sampling/flow.h"
#include "sampling/guidance.h"

namespace zanime::sampling {

// A mask [any, any height, any width] made to fit a latent [batch, channels, height, width]:
// resized to [batch, height, width] by linear interpolation between the centres of its cells,
// without smoothing when it shrinks; fewer masks than pictures repeat in turn.
Tensor fit_mask(const Tensor& mask, const Shape& latent);

// What of a mask [batch, height, width] counts at a noise level of a walk along `sigmas`.
using MaskRule =
    std::function<Tensor(const Tensor& mask, float sigma, const std::vector<float>& sigmas)>;

// Differential diffusion (arXiv 2306.00950): a place changes from the moment on at which as much of
// the walk is left as its mask says; mixed with the mask itself where strength is below 1.
MaskRule differential_mask(const FlowSchedule& flow, double strength);

// The guide with everything outside the mask held to `latent`: what it sees there is the latent
// noised to the current sigma, what it answers there is the latent itself. `mask` [batch, height,
// width] may be fractional; `latent` and `noise` [batch, channels, height, width] are in the
// model's space. Denoised::unconditional stays unmasked, as in the reference.
// `rule` (may be empty) is asked at every noise level of a walk along `sigmas`.
Guide inpaint_guide(Guide guide, Tensor mask, Tensor latent, Tensor noise, MaskRule rule = {},
                    std::vector<float> sigmas = {});

}  // namespace zanime::sampling
