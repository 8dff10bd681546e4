#include "sampling/guidance.h"

#include <cmath>
#include <utility>

namespace zanime::sampling {
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

Guide dual_cfg_guide(Denoise first, Denoise second, Denoise negative, float cfg_first,
                     float cfg_second) {
  return [=](const Tensor& x, float sigma, bool need_unconditional) -> Denoised {
    const bool leaves_negative = is_one(cfg_second) && !need_unconditional;
    const Tensor one = first(x, sigma);
    // With both scales 1 everything but the first prediction cancels.
    if (leaves_negative && is_one(cfg_first)) return {one, {}};
    const Tensor two = second(x, sigma);
    const Tensor none = leaves_negative ? Tensor::zeros(x.shape()) : negative(x, sigma);
    Tensor guided(x.shape());
    for (int64_t i = 0; i < guided.size(); ++i) {
      const float a = one.data()[i], b = two.data()[i], n = none.data()[i];
      guided.data()[i] = (n + (b - n) * cfg_second) + (a - b) * cfg_first;
    }
    return {guided, leaves_negative ? Tensor() : none};
  };
}

Guide nested_cfg_guide(Denoise first, Denoise second, Denoise negative, float cfg_first,
                       float cfg_second) {
  return [=](const Tensor& x, float sigma, bool) -> Denoised {
    const Tensor one = first(x, sigma);
    const Tensor two = second(x, sigma);
    const Tensor none = negative(x, sigma);
    Tensor guided(x.shape());
    for (int64_t i = 0; i < guided.size(); ++i) {
      const float a = one.data()[i], b = two.data()[i], n = none.data()[i];
      const float text = b + (a - b) * cfg_first;
      guided.data()[i] = n + cfg_second * (text - n);
    }
    return {guided, two};
  };
}

Guide basic_guide(Denoise positive) {
  return [positive = std::move(positive)](const Tensor& x, float sigma,
                                          bool need_unconditional) -> Denoised {
    return {positive(x, sigma), need_unconditional ? Tensor::zeros(x.shape()) : Tensor()};
  };
}

}  // namespace zanime::sampling
