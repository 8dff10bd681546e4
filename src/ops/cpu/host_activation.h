// The CPU backend's activations: float32 in the process's own memory, as Tensor has it.
#pragma once

#include "base/tensor.h"
#include "ops/activation.h"

namespace zanime::ops::cpu {

// Both share the memory and cost no copy. An empty one gives an empty one.
Tensor tensor_of(const Activation& activation);
Activation activation_of(const Tensor& tensor);

}  // namespace zanime::ops::cpu
