#include "sampling/step_cache.h"

#include <cmath>
#include <memory>
#include <utility>

namespace zanime::sampling {
namespace {

// Change is measured at every eighth row and column.
constexpr int64_t kStride = 8;

double mean_change(const Tensor& a, const Tensor& b) {
  const int64_t height = a.dim(-2), width = a.dim(-1);
  double sum = 0.0;
  int64_t count = 0;
  for (int64_t plane = 0; plane < a.size() / (height * width); ++plane) {
    for (int64_t y = 0; y < height; y += kStride) {
      for (int64_t x = 0; x < width; x += kStride) {
        const int64_t i = (plane * height + y) * width + x;
        sum += std::abs(a.data()[i] - b.data()[i]);
        ++count;
      }
    }
  }
  return sum / static_cast<double>(count);
}

double mean_size(const Tensor& tensor) {
  double sum = 0.0;
  for (const float value : tensor.values()) sum += std::abs(value);
  return sum / static_cast<double>(tensor.size());
}

Tensor sum_of(const Tensor& a, const Tensor& b) {
  Tensor out(a.shape());
  for (int64_t i = 0; i < out.size(); ++i) out.data()[i] = a.data()[i] + b.data()[i];
  return out;
}

Tensor difference_of(const Tensor& a, const Tensor& b) {
  Tensor out(a.shape());
  for (int64_t i = 0; i < out.size(); ++i) out.data()[i] = a.data()[i] - b.data()[i];
  return out;
}

}  // namespace

std::optional<double> ChangeEstimate::input_change(const Tensor& x) const {
  if (x_.empty() || x_.shape() != x.shape()) return std::nullopt;
  return mean_change(x, x_);
}

bool ChangeEstimate::may_reuse(std::optional<double> input_change) {
  if (!input_change || !rate_) return false;
  sum_ += *rate_ * *input_change / output_size_;
  if (sum_ < options_.threshold) return true;
  sum_ = 0.0;
  return false;
}

void ChangeEstimate::made(const Tensor& x, const Tensor& output,
                          std::optional<double> input_change) {
  if (input_change && !output_.empty() && output_.shape() == output.shape()) {
    rate_ = mean_change(output, output_) / *input_change;
  }
  x_ = x.clone();
  output_ = output.clone();
  output_size_ = mean_size(output);
}

GuidancePatch lazy_cache(const StepCacheOptions& options, std::function<void()> skipped) {
  struct State {
    explicit State(const StepCacheOptions& given) : change(given) {}
    ChangeEstimate change;
    Tensor difference, unconditional;
  };
  const auto state = std::make_shared<State>(options);
  return {.around = [state, skipped = std::move(skipped)](Guide guide) -> Guide {
    return [state, skipped, guide = std::move(guide)](const Tensor& x, float sigma,
                                                      bool need_unconditional) -> Denoised {
      if (state->change.is_past_end(sigma)) return guide(x, sigma, need_unconditional);
      std::optional<double> moved;
      if (state->change.is_active(sigma)) {
        moved = state->change.input_change(x);
        const bool may_reuse = state->change.may_reuse(moved);
        const bool has_all = !need_unconditional || !state->unconditional.empty();
        if (may_reuse && has_all) {
          skipped();
          return {sum_of(x, state->difference), state->unconditional};
        }
      }
      Denoised denoised = guide(x, sigma, need_unconditional);
      state->change.made(x, denoised.guided, moved);
      state->difference = difference_of(denoised.guided, x);
      state->unconditional = denoised.unconditional;
      return denoised;
    };
  }};
}

Tensor EasyCache::reused(const Tensor& difference, const Tensor& x, float sigma) const {
  Tensor out(x.shape());
  const float factor = 1.0f - 1.0f / sigma;
  for (int64_t i = 0; i < out.size(); ++i) {
    out.data()[i] = x.data()[i] + factor * difference.data()[i];
  }
  return out;
}

Tensor EasyCache::output(const void* key, const Tensor& x, float sigma,
                         const std::function<Tensor()>& make) {
  if (change_.is_past_end(sigma)) return make();
  const auto cached = differences_.find(key);
  const bool has_cached = cached != differences_.end() && cached->second.shape() == x.shape();
  std::optional<double> moved;
  if (change_.is_active(sigma)) {
    if (skips_ && has_cached) return reused(cached->second, x, sigma);
    if (first_ == nullptr) first_ = key;
    if (key == first_) {
      moved = change_.input_change(x);
      if (change_.may_reuse(moved) && has_cached) {
        skips_ = true;
        skipped_();
        return reused(cached->second, x, sigma);
      }
    }
  }
  Tensor output = make();
  if (key == first_) change_.made(x, output, moved);
  differences_[key] = difference_of(output, x);
  return output;
}

}  // namespace zanime::sampling
