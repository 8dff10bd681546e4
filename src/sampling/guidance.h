// From one or two model evaluations to the denoised picture that a sampler steps towards.
#pragma once

#include <functional>

#include "base/tensor.h"

namespace zanime::sampling {

// The picture a model expects at (x, sigma) under one conditioning: x - sigma * velocity for a flow
// model. Same shape as x; must not keep or change x.
using Denoise = std::function<Tensor(const Tensor& x, float sigma)>;

// What a sampler gets from one evaluation.
struct Denoised {
  Tensor guided;
  // The prediction without the prompt; samplers of the CFG++ kind step along it. Empty when the
  // guide did not need it.
  Tensor unconditional;
};

// An evaluation with guidance applied. `need_unconditional` asks for Denoised::unconditional even
// where guidance itself could do without.
using Guide = std::function<Denoised(const Tensor& x, float sigma, bool need_unconditional)>;

// Classifier-free guidance (arXiv 2207.12598): uncond + cfg (cond - uncond). A cfg of 1 leaves the
// negative prompt's evaluation out unless the sampler needs it.
Guide cfg_guide(Denoise positive, Denoise negative, float cfg);

// Guidance by two prompts beside the negative one, as of InstructPix2Pix (arXiv 2211.09800):
// negative + cfg_second (second - negative) + cfg_first (first - second). Scales of 1 leave out
// evaluations that would cancel, unless the sampler needs them. The negative prompt's prediction
// is Denoised::unconditional.
Guide dual_cfg_guide(Denoise first, Denoise second, Denoise negative, float cfg_first,
                     float cfg_second);

// The same with one guidance inside the other: text = second + cfg_first (first - second), then
// negative + cfg_second (text - negative). `second` is Denoised::unconditional, as in ComfyUI.
Guide nested_cfg_guide(Denoise first, Denoise second, Denoise negative, float cfg_first,
                       float cfg_second);

// The positive prompt alone. Where a sampler asks for the unconditional prediction it gets zeros,
// as the reference gives it.
Guide basic_guide(Denoise positive);

}  // namespace zanime::sampling
