// The one tensor operation that samplers are written in.
#pragma once

#include <initializer_list>
#include <span>

#include "base/tensor.h"

namespace zanime::sampling {

struct WeightedTensor {
  double weight;
  Tensor tensor;  // shares storage
};

// Sum of weight * tensor over terms of equal shape, in float32, in the order given. A term of
// weight 0 is left out, so that what it holds (even a NaN) does not matter. At least one term.
Tensor weighted_sum(std::span<const WeightedTensor> terms);
Tensor weighted_sum(std::initializer_list<WeightedTensor> terms);

}  // namespace zanime::sampling
