// From one or two model evaluations to the denoised picture that a sampler steps towards.
#pragma once

#include <functional>
#include <vector>

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

// One evaluation as those who change guidance see it.
struct GuidanceCall {
  const Tensor& x;
  float sigma;
  float cfg;
  // False where the negative prediction was left out and stands as zeros.
  bool has_negative;
};

// A change of guidance (guidance_patches.h has those there are): it sets what it changes and leaves
// the rest empty. A patch may keep what it saw between evaluations, so each run needs its own.
struct GuidancePatch {
  // Another guidance scale at a noise level. Of several the last one counts.
  std::function<float(float sigma, float cfg)> scale = {};
  // Changes the predictions before they are combined.
  std::function<void(const GuidanceCall&, Tensor& positive, Tensor& negative)> before = {};
  // Combines them. Of several the last one counts.
  std::function<Tensor(const GuidanceCall&, const Tensor& positive, const Tensor& negative)>
      combine = {};
  // Changes the guided prediction.
  std::function<Tensor(const GuidanceCall&, const Tensor& guided, const Tensor& positive,
                       const Tensor& negative)>
      after = {};
  // Stands around the whole evaluation; the first of several is outermost.
  std::function<Guide(Guide)> around = {};
  // The negative prediction is made at a scale of 1 too.
  bool always_negative = false;
};
using GuidancePatches = std::vector<GuidancePatch>;

// Classifier-free guidance (arXiv 2207.12598): uncond + cfg (cond - uncond). A cfg of 1 leaves the
// negative prompt's evaluation out unless the sampler or a patch needs it.
Guide cfg_guide(Denoise positive, Denoise negative, float cfg, const GuidancePatches& patches = {});

// Guidance by two prompts beside the negative one, as of InstructPix2Pix (arXiv 2211.09800):
// negative + cfg_second (second - negative) + cfg_first (first - second). Scales of 1 leave out
// evaluations that would cancel, unless the sampler needs them. The negative prompt's prediction
// is Denoised::unconditional. Patches act on second and negative.
Guide dual_cfg_guide(Denoise first, Denoise second, Denoise negative, float cfg_first,
                     float cfg_second, const GuidancePatches& patches = {});

// The same with one guidance inside the other: text = second + cfg_first (first - second), then
// negative + cfg_second (text - negative). `second` is Denoised::unconditional, as in ComfyUI.
// Patches act on first and second.
Guide nested_cfg_guide(Denoise first, Denoise second, Denoise negative, float cfg_first,
                       float cfg_second, const GuidancePatches& patches = {});

// The positive prompt alone. Where a sampler or a patch asks for the unconditional prediction it
// gets zeros, as the reference gives it.
Guide basic_guide(Denoise positive, const GuidancePatches& patches = {});

// Two models, one for each prompt. Patches act when the predictions are combined and after.
Guide dual_model_guide(Denoise positive, Denoise negative, float cfg,
                       const GuidancePatches& patches = {});

// Perp-Neg (arXiv 2304.04968): of the negative direction only what stands at right angles to the
// positive one; both as seen from `empty`, the prediction under an empty prompt:
// empty + cfg (pos - scale neg_perpendicular).
Guide perp_neg_guide(Denoise positive, Denoise negative, Denoise empty, float cfg, float scale,
                     const GuidancePatches& patches = {});
Tensor perp_neg(const Tensor& positive, const Tensor& negative, const Tensor& empty, float cfg,
                float scale);

}  // namespace zanime::sampling
