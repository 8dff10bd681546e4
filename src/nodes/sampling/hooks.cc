#include "nodes/sampling/hooks.h"

#include <algorithm>
#include <cmath>
#include <set>

namespace zanime::nodes {
namespace {

using checkpoints::ModelFamily;
using checkpoints::ModelWeights;

ModelWeights hooked_weights(const ModelWeights& base, const Hooks& hooks, ModelFamily family,
                            const std::vector<double>& strengths) {
  ModelWeights weights = base;
  for (size_t i = 0; i < hooks.list.size(); ++i) {
    if (strengths[i] == 0.0) continue;
    weights = hooks.list[i].change->applied_to(weights, base, family, strengths[i]);
  }
  return weights;
}

// As Python's math.isclose compares.
bool is_nearly(double a, double b) {
  return std::abs(a - b) <= 1e-9 * std::max(std::abs(a), std::abs(b));
}

// The parts of a hook's keyframes. One of the same strength as that before it begins none.
std::vector<std::pair<TimeRange, double>> parts_of(const HookKeyframes& keyframes) {
  std::vector<std::pair<TimeRange, double>> parts;
  HookKeyframe last = keyframes.frames.front();
  for (const HookKeyframe& frame : keyframes.frames) {
    if (frame.start == last.start) {
      last = frame;
    } else if (frame.start > last.start && !is_nearly(frame.strength, last.strength)) {
      parts.push_back({{last.start, frame.start}, last.strength});
      last = frame;
    }
  }
  if (!is_nearly(last.start, 1.0)) parts.push_back({{last.start, 1.0}, last.strength});
  return parts;
}

}  // namespace

Hooks joined_hooks(Hooks first, const Hooks& second) {
  for (const Hook& hook : second.list) {
    const bool is_there = std::any_of(first.list.begin(), first.list.end(),
                                      [&](const Hook& h) { return h.change == hook.change; });
    if (!is_there) first.list.push_back(hook);
  }
  return first;
}

std::shared_ptr<const models::Qwen3TextEncoder> hooked_encoder(
    std::shared_ptr<const models::Qwen3TextEncoder> encoder, const Hooks& hooks,
    const std::vector<double>& strengths) {
  if (std::all_of(strengths.begin(), strengths.end(), [](double s) { return s == 0.0; })) {
    return encoder;
  }
  return std::make_shared<const models::Qwen3TextEncoder>(
      hooked_weights(encoder->weights(), hooks, ModelFamily::kQwen3, strengths));
}

std::vector<HookSpan> keyframe_spans(const Hooks& hooks) {
  std::vector<std::vector<std::pair<TimeRange, double>>> parts;
  std::set<double> places{0.0};
  for (const Hook& hook : hooks.list) {
    const bool has_keyframes = hook.keyframes != nullptr && !hook.keyframes->frames.empty();
    if (has_keyframes) {
      parts.push_back(parts_of(*hook.keyframes));
    } else {
      parts.push_back({{TimeRange{0.0, 1.0}, 1.0}});
    }
    for (const auto& [range, factor] : parts.back()) {
      places.insert(range.start);
      places.insert(range.end);
    }
  }
  std::vector<HookSpan> spans;
  for (auto place = places.begin(); std::next(place) != places.end(); ++place) {
    const TimeRange range{*place, *std::next(place)};
    HookSpan span{range, {}};
    for (const auto& of_hook : parts) {
      const auto found = std::find_if(of_hook.begin(), of_hook.end(), [&](const auto& part) {
        return part.first.start < range.end && part.first.end > range.start;
      });
      span.factors.push_back(found == of_hook.end() ? 1.0 : found->second);
    }
    spans.push_back(std::move(span));
  }
  return spans;
}

KeyframeClock::KeyframeClock(const HookKeyframes& keyframes, const sampling::FlowSchedule& flow) {
  for (const HookKeyframe& frame : keyframes.frames) {
    frames_.push_back({frame.strength, static_cast<float>(flow.percent_to_sigma(frame.start)),
                       frame.least_steps});
  }
}

int KeyframeClock::least_steps(const Frame& frame, float first_sigma) const {
  return frame.start_sigma > first_sigma ? 0 : frame.least_steps;
}

double KeyframeClock::factor_at(float sigma, float first_sigma) {
  if (frames_.empty()) return 1.0;
  if (sigma_ != sigma) {
    sigma_ = sigma;
    if (used_steps_ >= least_steps(frames_[current_], first_sigma)) {
      for (size_t next = current_ + 1; next < frames_.size(); ++next) {
        if (frames_[next].start_sigma < sigma) break;
        current_ = next;
        used_steps_ = 0;
        if (least_steps(frames_[next], first_sigma) > 0) break;
      }
    }
    ++used_steps_;
  }
  return frames_[current_].factor;
}

double KeyframeClocks::factor_at(const Hook& hook, float sigma, float first_sigma) {
  if (hook.keyframes == nullptr) return 1.0;
  const auto [place, is_new] =
      clocks_.try_emplace(hook.keyframes, KeyframeClock(*hook.keyframes, flow_));
  return place->second.factor_at(sigma, first_sigma);
}

HookedNetwork::HookedNetwork(std::shared_ptr<const models::NextDit> network, const Hooks& hooks,
                             std::shared_ptr<KeyframeClocks> clocks)
    : plain_(std::move(network)), current_(plain_), hooks_(hooks), clocks_(std::move(clocks)) {
  strengths_.assign(hooks_.list.size(), 0.0);
}

bool HookedNetwork::move_to(float sigma, float first_sigma) {
  if (hooks_.list.empty()) return false;
  std::vector<double> strengths;
  for (const Hook& hook : hooks_.list) {
    strengths.push_back(hook.model_strength * clocks_->factor_at(hook, sigma, first_sigma));
  }
  if (strengths == strengths_) return false;
  strengths_ = std::move(strengths);
  current_ = std::make_shared<const models::NextDit>(
      hooked_weights(plain_->weights(), hooks_, ModelFamily::kZImage, strengths_));
  return true;
}

}  // namespace zanime::nodes
