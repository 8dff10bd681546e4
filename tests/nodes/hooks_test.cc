#include "nodes/sampling/hooks.h"

#include <gtest/gtest.h>

namespace zanime::nodes {
namespace {

HookKeyframes keyframes(std::vector<HookKeyframe> frames) { return {std::move(frames)}; }

TEST(KeyframeClockOf, NoKeyframesIsAlwaysOne) {
  KeyframeClock clock({}, sampling::FlowSchedule(1.0));
  EXPECT_EQ(clock.factor_at(0.9f, 1.0f), 1.0);
}

TEST(KeyframeClockOf, KeyframesBeginAtTheirPlaces) {
  // With a shift of 1 sigma is 1 minus the place.
  KeyframeClock clock(keyframes({{.strength = 1.0}, {.strength = 0.25, .start = 0.5}}),
                      sampling::FlowSchedule(1.0));
  EXPECT_EQ(clock.factor_at(1.0f, 1.0f), 1.0);
  EXPECT_EQ(clock.factor_at(0.75f, 1.0f), 1.0);
  EXPECT_EQ(clock.factor_at(0.5f, 1.0f), 0.25);
  EXPECT_EQ(clock.factor_at(0.1f, 1.0f), 0.25);
}

TEST(KeyframeClockOf, TheFirstHoldsBeforeItsPlaceToo) {
  KeyframeClock clock(keyframes({{.strength = 0.5, .start = 0.4}}), sampling::FlowSchedule(1.0));
  EXPECT_EQ(clock.factor_at(1.0f, 1.0f), 0.5);
}

TEST(KeyframeClockOf, EachKeyframeHasItsStepsFirst) {
  // All begin before the second step, and each is to last for one.
  KeyframeClock clock(keyframes({{.strength = 1.0, .start = 0.0},
                                 {.strength = 2.0, .start = 0.1},
                                 {.strength = 3.0, .start = 0.2}}),
                      sampling::FlowSchedule(1.0));
  EXPECT_EQ(clock.factor_at(1.0f, 1.0f), 1.0);
  EXPECT_EQ(clock.factor_at(0.5f, 1.0f), 2.0);
  // The same level again is the same step.
  EXPECT_EQ(clock.factor_at(0.5f, 1.0f), 2.0);
  EXPECT_EQ(clock.factor_at(0.25f, 1.0f), 3.0);
}

TEST(KeyframeClockOf, WhatLiesBeforeTheRunNeedsNoSteps) {
  KeyframeClock clock(keyframes({{.strength = 1.0, .start = 0.0},
                                 {.strength = 2.0, .start = 0.1},
                                 {.strength = 3.0, .start = 0.2}}),
                      sampling::FlowSchedule(1.0));
  EXPECT_EQ(clock.factor_at(0.5f, 0.5f), 3.0);
}

TEST(KeyframeClocksOf, SharedKeyframesGoOnTogether) {
  Hook hook, other;
  hook.keyframes = std::make_shared<const HookKeyframes>(
      keyframes({{.strength = 1.0}, {.strength = 0.5, .start = 0.4}}));
  other.keyframes = hook.keyframes;
  KeyframeClocks clocks(sampling::FlowSchedule(1.0));
  EXPECT_EQ(clocks.factor_at(hook, 1.0f, 1.0f), 1.0);
  // The first keyframe has had its step, though not by this hook.
  EXPECT_EQ(clocks.factor_at(other, 0.5f, 1.0f), 0.5);
  EXPECT_EQ(clocks.factor_at(Hook{}, 0.5f, 1.0f), 1.0);
}

TEST(KeyframeSpans, LieBetweenTheKeyframesOfAllHooks) {
  Hook first, second;
  first.keyframes = std::make_shared<const HookKeyframes>(
      keyframes({{.strength = 1.0}, {.strength = 0.5, .start = 0.4}}));
  second.keyframes = std::make_shared<const HookKeyframes>(
      keyframes({{.strength = 2.0}, {.strength = 3.0, .start = 0.7}}));
  const std::vector<HookSpan> spans = keyframe_spans({{first, second}});
  ASSERT_EQ(spans.size(), 3u);
  EXPECT_EQ(spans[0].range.end, 0.4);
  EXPECT_EQ(spans[1].range.end, 0.7);
  EXPECT_EQ(spans[2].range.end, 1.0);
  EXPECT_EQ(spans[0].factors, (std::vector<double>{1.0, 2.0}));
  EXPECT_EQ(spans[1].factors, (std::vector<double>{0.5, 2.0}));
  EXPECT_EQ(spans[2].factors, (std::vector<double>{0.5, 3.0}));
}

TEST(KeyframeSpans, AreOneWithoutKeyframes) {
  const std::vector<HookSpan> spans = keyframe_spans({{Hook{}}});
  ASSERT_EQ(spans.size(), 1u);
  EXPECT_EQ(spans[0].range.start, 0.0);
  EXPECT_EQ(spans[0].range.end, 1.0);
  EXPECT_EQ(spans[0].factors, std::vector<double>{1.0});
}

}  // namespace
}  // namespace zanime::nodes
