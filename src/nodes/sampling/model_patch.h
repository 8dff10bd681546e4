// Changes of a model that act on its predictions, outside the network.
#pragma once

#include <functional>
#include <string>

#include "base/cancel.h"
#include "base/tensor.h"
#include "nodes/value.h"
#include "ops/ops.h"
#include "sampling/guidance.h"
#include "sampling/noise_mask.h"

namespace zanime::nodes {

// What a patch may use while a run lasts.
struct PatchContext {
  const Model& model;
  ops::Backend& backend;
  const CancelToken& cancel;
};

// One run's patch; it sets what it changes.
struct ModelPatch {
  sampling::GuidancePatch guidance = {};
  // Stands around the network: the velocity at x for one entry of a conditioning (told apart by its
  // address), which `make` would compute.
  std::function<Tensor(const void* entry, const Tensor& x, float sigma,
                       const std::function<Tensor()>& make)>
      network = {};
  // What a noise mask lets change at a noise level.
  sampling::MaskRule mask = {};
  // A sentence about the run when it is over.
  std::function<std::string()> summary = {};
};

}  // namespace zanime::nodes
