#include "sampling/weighted_sum.h"

namespace zanime::sampling {

Tensor weighted_sum(std::span<const WeightedTensor> terms) {
  Tensor sum = Tensor::zeros(terms.front().tensor.shape());
  float* out = sum.data();
  for (const WeightedTensor& term : terms) {
    if (term.weight == 0.0) continue;
    const float weight = static_cast<float>(term.weight);
    const float* in = term.tensor.data();
    for (int64_t i = 0; i < sum.size(); ++i) out[i] += weight * in[i];
  }
  return sum;
}

Tensor weighted_sum(std::initializer_list<WeightedTensor> terms) {
  return weighted_sum(std::span<const WeightedTensor>(terms.begin(), terms.size()));
}

}  // namespace zanime::sampling
