#include "sampling/guidance.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace zanime::sampling {
namespace {

// As the reference compares: within 1e-9.
bool is_close(float value, double to) {
  return std::abs(static_cast<double>(value) - to) <= 1e-9 * std::max(1.0, std::abs(to));
}
bool is_one(float cfg) { return is_close(cfg, 1.0); }

bool needs_negative(const GuidancePatches& patches) {
  return std::any_of(patches.begin(), patches.end(),
                     [](const GuidancePatch& patch) { return patch.always_negative; });
}

float scale_at(const GuidancePatches& patches, float sigma, float cfg) {
  for (const GuidancePatch& patch : patches) {
    if (patch.scale) cfg = patch.scale(sigma, cfg);
  }
  return cfg;
}

void change_before(const GuidancePatches& patches, const GuidanceCall& call, Tensor& positive,
                   Tensor& negative) {
  for (const GuidancePatch& patch : patches) {
    if (patch.before) patch.before(call, positive, negative);
  }
}

Tensor change_after(const GuidancePatches& patches, const GuidanceCall& call, Tensor guided,
                    const Tensor& positive, const Tensor& negative) {
  for (const GuidancePatch& patch : patches) {
    if (patch.after) guided = patch.after(call, guided, positive, negative);
  }
  return guided;
}

// negative + cfg (positive - negative), or what a patch has in its place, and what patches make of
// it.
Tensor combined(const GuidancePatches& patches, const GuidanceCall& call, const Tensor& positive,
                const Tensor& negative) {
  const auto own = std::find_if(patches.rbegin(), patches.rend(), [](const GuidancePatch& patch) {
    return static_cast<bool>(patch.combine);
  });
  Tensor guided;
  if (own != patches.rend()) {
    guided = own->combine(call, positive, negative);
  } else {
    guided = Tensor(positive.shape());
    const float* c = positive.data();
    const float* u = negative.data();
    float* out = guided.data();
    for (int64_t i = 0; i < guided.size(); ++i) out[i] = u[i] + (c[i] - u[i]) * call.cfg;
  }
  return change_after(patches, call, std::move(guided), positive, negative);
}

// With what stands around it.
Guide surrounded(Guide guide, const GuidancePatches& patches) {
  for (auto patch = patches.rbegin(); patch != patches.rend(); ++patch) {
    if (patch->around) guide = patch->around(std::move(guide));
  }
  return guide;
}

double whole_dot(const Tensor& a, const Tensor& b) {
  double sum = 0.0;
  for (int64_t i = 0; i < a.size(); ++i) sum += static_cast<double>(a.data()[i]) * b.data()[i];
  return sum;
}

}  // namespace

Guide cfg_guide(Denoise positive, Denoise negative, float cfg, const GuidancePatches& patches) {
  const bool always_negative = needs_negative(patches);
  const auto guide = [positive = std::move(positive), negative = std::move(negative), cfg, patches,
                      always_negative](const Tensor& x, float sigma,
                                       bool need_unconditional) -> Denoised {
    const float scale = scale_at(patches, sigma, cfg);
    const bool has_negative = !is_one(scale) || need_unconditional || always_negative;
    Tensor conditional = positive(x, sigma);
    if (!has_negative && patches.empty()) return {conditional, {}};
    Tensor unconditional = has_negative ? negative(x, sigma) : Tensor::zeros(x.shape());
    const GuidanceCall call{x, sigma, scale, has_negative};
    change_before(patches, call, conditional, unconditional);
    Tensor guided = combined(patches, call, conditional, unconditional);
    return {std::move(guided), std::move(unconditional)};
  };
  return surrounded(guide, patches);
}

Guide dual_cfg_guide(Denoise first, Denoise second, Denoise negative, float cfg_first,
                     float cfg_second, const GuidancePatches& patches) {
  const bool always_negative = needs_negative(patches);
  const auto guide = [=](const Tensor& x, float sigma, bool need_unconditional) -> Denoised {
    const bool leaves_negative = is_one(cfg_second) && !need_unconditional && !always_negative;
    const Tensor one = first(x, sigma);
    // With both scales 1 everything but the first prediction cancels.
    if (leaves_negative && is_one(cfg_first) && patches.empty()) return {one, {}};
    const bool leaves_second = leaves_negative && is_one(cfg_first);
    const Tensor two = leaves_second ? Tensor::zeros(x.shape()) : second(x, sigma);
    const Tensor none = leaves_negative ? Tensor::zeros(x.shape()) : negative(x, sigma);
    const Tensor guided =
        combined(patches, {x, sigma, cfg_second, !leaves_negative}, two, none).clone();
    Tensor sum(guided.shape());
    for (int64_t i = 0; i < sum.size(); ++i) {
      sum.data()[i] = guided.data()[i] + (one.data()[i] - two.data()[i]) * cfg_first;
    }
    return {sum, leaves_negative ? Tensor() : none};
  };
  return surrounded(guide, patches);
}

Guide nested_cfg_guide(Denoise first, Denoise second, Denoise negative, float cfg_first,
                       float cfg_second, const GuidancePatches& patches) {
  const auto guide = [=](const Tensor& x, float sigma, bool) -> Denoised {
    const Tensor one = first(x, sigma);
    const Tensor two = second(x, sigma);
    const Tensor none = negative(x, sigma);
    const Tensor text = combined(patches, {x, sigma, cfg_first, true}, one, two);
    Tensor guided(x.shape());
    for (int64_t i = 0; i < guided.size(); ++i) {
      const float n = none.data()[i];
      guided.data()[i] = n + cfg_second * (text.data()[i] - n);
    }
    return {guided, two};
  };
  return surrounded(guide, patches);
}

Guide basic_guide(Denoise positive, const GuidancePatches& patches) {
  const auto nothing = [](const Tensor& x, float) { return Tensor::zeros(x.shape()); };
  return cfg_guide(std::move(positive), nothing, 1.0f, patches);
}

Guide dual_model_guide(Denoise positive, Denoise negative, float cfg,
                       const GuidancePatches& patches) {
  const bool always_negative = needs_negative(patches);
  const auto guide = [=](const Tensor& x, float sigma, bool need_unconditional) -> Denoised {
    const float scale = scale_at(patches, sigma, cfg);
    const Tensor one = positive(x, sigma);
    const bool keeps_negative = need_unconditional || always_negative;
    if (is_one(cfg) || (is_one(scale) && !keeps_negative)) {
      return {one, need_unconditional ? Tensor::zeros(x.shape()) : Tensor()};
    }
    const Tensor none = negative(x, sigma);
    return {combined(patches, {x, sigma, scale, true}, one, none), none};
  };
  return surrounded(guide, patches);
}

Tensor perp_neg(const Tensor& positive, const Tensor& negative, const Tensor& empty, float cfg,
                float scale) {
  Tensor pos(empty.shape()), neg(empty.shape());
  for (int64_t i = 0; i < empty.size(); ++i) {
    pos.data()[i] = positive.data()[i] - empty.data()[i];
    neg.data()[i] = negative.data()[i] - empty.data()[i];
  }
  // Where positive and empty are the same there is no direction to stand at right angles to.
  const double length = whole_dot(pos, pos);
  const float along = length > 0.0 ? static_cast<float>(whole_dot(neg, pos) / length) : 0.0f;
  Tensor out(empty.shape());
  for (int64_t i = 0; i < out.size(); ++i) {
    const float across = neg.data()[i] - along * pos.data()[i];
    out.data()[i] = empty.data()[i] + cfg * (pos.data()[i] - across * scale);
  }
  return out;
}

Guide perp_neg_guide(Denoise positive, Denoise negative, Denoise empty, float cfg, float scale,
                     const GuidancePatches& patches) {
  const bool always_negative = needs_negative(patches);
  const auto guide = [=](const Tensor& x, float sigma, bool need_unconditional) -> Denoised {
    const float strength = scale_at(patches, sigma, cfg);
    const bool keeps_all = need_unconditional || always_negative;
    const bool has_negative = keeps_all || !is_close(scale, 0.0);
    const bool has_empty = has_negative || !is_one(strength);
    Tensor pos = positive(x, sigma);
    Tensor neg = has_negative ? negative(x, sigma) : Tensor::zeros(x.shape());
    const Tensor none = has_empty ? empty(x, sigma) : Tensor::zeros(x.shape());
    const GuidanceCall call{x, sigma, strength, has_negative};
    change_before(patches, call, pos, neg);
    Tensor guided =
        change_after(patches, call, perp_neg(pos, neg, none, strength, scale), pos, neg);
    return {std::move(guided), std::move(neg)};
  };
  return surrounded(guide, patches);
}

}  // namespace zanime::sampling
