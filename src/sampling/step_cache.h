// Step caches: a prediction that has hardly changed is not made again. EasyCache (arXiv 2507.02860)
// keeps the network's output, LazyCache the guided prediction.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <utility>

#include "base/tensor.h"
#include "sampling/guidance.h"

namespace zanime::sampling {

struct StepCacheOptions {
  double threshold = 0.2;  // of the change of the output, summed up since it was last made
  // The sigmas between which outputs are reused; float32 as the noise levels are, so that one at a
  // boundary is met.
  float start_sigma = 1.0f, end_sigma = 0.0f;
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

// EasyCache around the network, for one run; one for all conditionings, which the first of each
// evaluation decides for.
class EasyCache {
 public:
  EasyCache(const StepCacheOptions& options, std::function<void()> skipped)
      : change_(options), skipped_(std::move(skipped)) {}

  // An evaluation begins: no conditioning has been asked for yet.
  void begin() { skips_ = false; }
  // The velocity for conditioning `key` at x: made by `make`, or what the last difference d between
  // velocity and input gives. As in ComfyUI d moves the latent too: the picture that is expected is
  // (1 - sigma)(x + d).
  Tensor output(const void* key, const Tensor& x, float sigma, const std::function<Tensor()>& make);

 private:
  Tensor reused(const Tensor& difference, const Tensor& x, float sigma) const;

  ChangeEstimate change_;
  std::function<void()> skipped_;
  bool skips_ = false;
  const void* first_ = nullptr;  // the conditioning that decides
  std::map<const void*, Tensor> differences_;
};

}  // namespace zanime::sampling
