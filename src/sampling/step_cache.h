// A prediction that has hardly changed is not made again (LazyCache, after EasyCache, arXiv
// 2507.02860).
#pragma once

#include <functional>
#include <optional>

#include "base/tensor.h"
#include "sampling/guidance.h"

namespace zanime::sampling {

struct StepCacheOptions {
  double threshold = 0.2;  // of the change of the output, summed up since it was last made
  // The sigmas between which outputs are reused.
  double start_sigma = 1.0, end_sigma = 0.0;
};

// Decides from how far the input moved whether the output has changed enough to be made again. How
// the output follows the input is learned from the last two that were made.
class ChangeEstimate {
 public:
  explicit ChangeEstimate(const StepCacheOptions& options) : options_(options) {}

  bool is_past_end(float sigma) const { return !(sigma > options_.end_sigma); }
  bool is_active(float sigma) const { return sigma <= options_.start_sigma; }

  // How far `x` is from the last one whose output was made; nothing before there is one.
  std::optional<double> input_change(const Tensor& x) const;
  // Adds up the change expected of the output. True while it stays below the threshold; otherwise
  // the sum starts anew.
  bool may_reuse(std::optional<double> input_change);
  void made(const Tensor& x, const Tensor& output, std::optional<double> input_change);

 private:
  StepCacheOptions options_;
  std::optional<double> rate_;  // of the output's change to the input's
  double sum_ = 0.0;
  Tensor x_, output_;
  double output_size_ = 0.0;  // mean of the absolute values
};

// LazyCache around a whole evaluation. `skipped` is called for each that is not made.
GuidancePatch lazy_cache(const StepCacheOptions& options, std::function<void()> skipped);

}  // namespace zanime::sampling
