#include "ops/cpu/parameter.h"

#include "ops/cpu/weight_block.h"

namespace zanime::ops::cpu {

Tensor parameter(const RowKernels& kernels, const weights::Weight& weight) {
  if (weight.empty()) return {};
  Tensor values(weight.shape());
  convert_vector(kernels, weight, values.data());
  return values;
}

}  // namespace zanime::ops::cpu
