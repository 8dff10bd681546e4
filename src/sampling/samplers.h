// The samplers by name: ways to walk from noise to a picture along a list of sigmas.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.h"
#include "sampling/sampler_context.h"

namespace zanime::sampling {

// One sampler of the table: how it walks, and what others have to know of it.
struct Sampler {
  std::string_view name;
  // Walks `x` from context.sigmas.front() to the last sigma.
  Tensor (*run)(const SamplerContext& context, Tensor x);
  // Steps along the prediction without the prompt (CFG++, arXiv 2406.08070), and so evaluates it
  // also where guidance could do without.
  bool needs_unconditional = false;
  // Leaves out the last sigma before 0, on which its second order would spend an evaluation.
  bool drops_penultimate_sigma = false;
  // Gets noise of its own under a noise mask, drawn from the seed plus one.
  bool draws_mask_noise = false;
};

// Names of all samplers, in the order of ComfyUI's KSampler widget.
const std::vector<std::string>& sampler_names();

// None for a name that no sampler has.
const Sampler* find_sampler(std::string_view name);

// Walks from `x` = noise scaled to context.sigmas.front() to the last sigma. Throws Error(kUsage)
// for an unknown sampler, naming those there are, and whatever the guide or the callback throws.
Tensor run_sampler(std::string_view sampler, const SamplerContext& context, Tensor x);

}  // namespace zanime::sampling
