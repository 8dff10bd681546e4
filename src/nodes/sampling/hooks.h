// Hooks: changes of a network that hold where one conditioning is read, as strong as keyframes say
// at each noise level.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "checkpoints/model_family.h"
#include "checkpoints/model_weights.h"
#include "models/next_dit.h"
#include "models/qwen3.h"
#include "nodes/value.h"
#include "sampling/flow.h"

namespace zanime::nodes {

class WeightHook {
 public:
  virtual ~WeightHook() = default;
  // The weights of a network of this family with the change behind those that they have. `base` is
  // the network before any hook.
  virtual checkpoints::ModelWeights applied_to(const checkpoints::ModelWeights& weights,
                                               const checkpoints::ModelWeights& base,
                                               checkpoints::ModelFamily family,
                                               double strength) const = 0;
};

// All hooks of both, each once.
Hooks joined_hooks(Hooks first, const Hooks& second);

// A text encoder with hooks of such strengths, one for each.
std::shared_ptr<const models::Qwen3TextEncoder> hooked_encoder(
    std::shared_ptr<const models::Qwen3TextEncoder> encoder, const Hooks& hooks,
    const std::vector<double>& strengths);

// A part of sampling in which no keyframe changes, and the factor of each hook there.
struct HookSpan {
  TimeRange range;
  std::vector<double> factors;
};
std::vector<HookSpan> keyframe_spans(const Hooks& hooks);

// The factor that keyframes give while a run goes down the noise levels. Each new level is a step:
// a keyframe begins at its place, and not before the one in front of it has had its least steps.
class KeyframeClock {
 public:
  KeyframeClock(const HookKeyframes& keyframes, const sampling::FlowSchedule& flow);

  // `first_sigma` is where the run began: what lies before it needs no steps.
  double factor_at(float sigma, float first_sigma);

 private:
  struct Frame {
    double factor;
    float start_sigma;
    int least_steps;
  };
  int least_steps(const Frame& frame, float first_sigma) const;

  std::vector<Frame> frames_;
  size_t current_ = 0;
  int used_steps_ = 0;
  std::optional<float> sigma_;
};

// The clocks of a run: hooks that share their keyframes share one.
class KeyframeClocks {
 public:
  explicit KeyframeClocks(const sampling::FlowSchedule& flow) : flow_(flow) {}

  double factor_at(const Hook& hook, float sigma, float first_sigma);

 private:
  sampling::FlowSchedule flow_;
  std::map<std::shared_ptr<const HookKeyframes>, KeyframeClock> clocks_;
};

// A diffusion model with the hooks of one conditioning, for one run.
class HookedNetwork {
 public:
  HookedNetwork(std::shared_ptr<const models::NextDit> network, const Hooks& hooks,
                std::shared_ptr<KeyframeClocks> clocks);

  const models::NextDit& get() const { return *current_; }
  // Makes the network that holds at `sigma`. True when it is another one than before.
  bool move_to(float sigma, float first_sigma);

 private:
  std::shared_ptr<const models::NextDit> plain_, current_;
  Hooks hooks_;
  std::shared_ptr<KeyframeClocks> clocks_;
  std::vector<double> strengths_;  // that current_ has
};

}  // namespace zanime::nodes
