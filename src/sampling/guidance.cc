#include "sampling/guidance.h"

#include <cmath>
#include <utility>

namespace zanime {
namespace {

// As the reference compares: within 1e-9 of 1.
bool is_one(float cfg) { return std::abs(static_cast<double>(cfg) - 1.0) <= 1e-9; }

}  // namespace

Guide cfg_guide(Denoise positive, Denoise negative, float cfg) {
  return [positive = std::move(positive), negative = std::move(negative), cfg](
             const Tensor& x, float sigma, bool need_unconditional) -> Denoised {
    const Tensor conditional = positive(x, sigma);
    if (is_one(cfg) && !need_unconditional) return {conditional, {}};
    const Tensor unconditional = negative(x, sigma);
    Tensor guided(x.shape());
    const float* c = conditional.data();
    const float* u = unconditional.data();
    float* out = guided.data();
    for (int64_t i = 0; i < guided.size(); ++i) out[i] = u[i] + (c[i] - u[i]) * cfg;
    return {guided, unconditional};
  };
}

Guide basic_guide(Denoise positive) {
  return [positive = std::move(positive)](const Tensor& x, float sigma,
                                          bool need_unconditional) -> Denoised {
    return {positive(x, sigma), need_unconditional ? Tensor::zeros(x.shape()) : Tensor()};
  };
}

}  // namespace zanime
