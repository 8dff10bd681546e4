// What the samplers share: evaluations, and the arithmetic of one step.
#pragma once

#include <cstddef>

#include "sampling/sampler_context.h"
#include "sampling/weighted_sum.h"

namespace zanime::sampling {

// Steps of a walk along context.sigmas.
inline size_t step_count(const SamplerContext& context) {
  return context.sigmas.empty() ? 0 : context.sigmas.size() - 1;
}

// The evaluation that opens step `index`: the step callback sees it.
Denoised open_step(const SamplerContext& context, size_t index, const Tensor& x, float sigma,
                   bool need_unconditional = false);
// The same at the step's own sigma, for samplers that need the guided prediction only.
Tensor open_step(const SamplerContext& context, size_t index, const Tensor& x);
// A further evaluation within a step.
Tensor evaluate(const SamplerContext& context, const Tensor& x, float sigma);

// From sigma to `next` along the straight line through x and the denoised picture; Karras et al.
// 2022 (arXiv 2206.00364), eq. 3: x + (x - denoised) / sigma * (next - sigma). Exactly `denoised`
// at next = 0.
Tensor euler_step(const Tensor& x, const Tensor& denoised, double sigma, double next);

// The derivative of that line, (x - denoised) / sigma.
Tensor derivative(const Tensor& x, const Tensor& denoised, double sigma);

}  // namespace zanime::sampling
