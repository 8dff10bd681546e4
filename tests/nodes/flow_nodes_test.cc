// Nodes that only rearrange what they are given, without a model.
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/run_node.h"

namespace zanime::nodes {
namespace {

using namespace zanime::testing;

Conditioning rows(int64_t count, float value) {
  Tensor tokens({count, 2});
  for (float& each : tokens.values()) each = value;
  return {{tokens}};
}

const Conditioning& conditioning(const std::vector<Value>& outputs) {
  return std::get<Conditioning>(outputs.at(0));
}

TEST(ConditioningNodes, CombineKeepsBothEntries) {
  const auto outputs = run_node("ConditioningCombine", {{"conditioning_1", rows(2, 1.0f)},
                                                        {"conditioning_2", rows(3, 2.0f)}});
  ASSERT_EQ(conditioning(outputs).size(), 2u);
  EXPECT_EQ(conditioning(outputs)[0].tokens.dim(0), 2);
  EXPECT_EQ(conditioning(outputs)[1].tokens.dim(0), 3);
}

TEST(ConditioningNodes, AverageIsAsLongAsWhatItGoesTo) {
  const auto average = [](int64_t to, int64_t from) {
    return run_node("ConditioningAverage", {{"conditioning_to", rows(to, 1.0f)},
                                            {"conditioning_from", rows(from, 3.0f)},
                                            {"conditioning_to_strength", 0.75}});
  };
  const Tensor longer = conditioning(average(3, 2))[0].tokens;
  ASSERT_EQ(longer.shape(), (Shape{3, 2}));
  EXPECT_FLOAT_EQ(longer.data()[3], 1.5f);
  EXPECT_FLOAT_EQ(longer.data()[4], 0.75f);  // beyond the other's end
  const Tensor shorter = conditioning(average(2, 3))[0].tokens;
  ASSERT_EQ(shorter.shape(), (Shape{2, 2}));
  EXPECT_FLOAT_EQ(shorter.data()[3], 1.5f);
}

TEST(ConditioningNodes, ConcatJoinsRows) {
  const auto outputs = run_node("ConditioningConcat", {{"conditioning_to", rows(2, 1.0f)},
                                                       {"conditioning_from", rows(1, 3.0f)}});
  const Tensor joined = conditioning(outputs)[0].tokens;
  ASSERT_EQ(joined.shape(), (Shape{3, 2}));
  EXPECT_EQ(joined.data()[3], 1.0f);
  EXPECT_EQ(joined.data()[4], 3.0f);
}

TEST(ConditioningNodes, RowsOfTwoTextEncodersDoNotMix) {
  for (const std::string name : {"ConditioningAverage", "ConditioningConcat"}) {
    expect_error(ErrorKind::kGraph, "rows of 2 and of 5", [&] {
      run_node(name, {{"conditioning_to", rows(2, 1.0f)},
                      {"conditioning_from", Conditioning{{Tensor::zeros({2, 5})}}},
                      {"conditioning_to_strength", 0.5}});
    });
  }
}

TEST(ConditioningNodes, ZeroOutKeepsTheRange) {
  Conditioning ranged = rows(2, 1.0f);
  const auto set = run_node("ConditioningSetTimestepRange",
                            {{"conditioning", ranged}, {"start", 0.25}, {"end", 0.5}});
  const auto outputs = run_node("ConditioningZeroOut", {{"conditioning", conditioning(set)}});
  const ConditioningEntry& entry = conditioning(outputs)[0];
  ASSERT_TRUE(entry.range.has_value());
  EXPECT_EQ(entry.range->start, 0.25);
  EXPECT_EQ(entry.range->end, 0.5);
  EXPECT_EQ(entry.tokens.data()[0], 0.0f);
}

TEST(SigmaNodes, SplitSharesTheSigmaAtTheSplit) {
  const Sigmas sigmas{{1.0f, 0.6f, 0.3f, 0.0f}};
  const auto split = [&](int step) {
    const auto outputs = run_node("SplitSigmas", {{"sigmas", sigmas}, {"step", WideInt{step}}});
    return std::pair(std::get<Sigmas>(outputs[0]).values, std::get<Sigmas>(outputs[1]).values);
  };
  using Pair = std::pair<std::vector<float>, std::vector<float>>;
  EXPECT_EQ(split(1), (Pair{{1.0f, 0.6f}, {0.6f, 0.3f, 0.0f}}));
  EXPECT_EQ(split(0), (Pair{{1.0f}, sigmas.values}));
  EXPECT_EQ(split(3), (Pair{sigmas.values, {0.0f}}));
  EXPECT_EQ(split(100), (Pair{sigmas.values, {}}));
}

TEST(SigmaNodes, BasicSchedulerIsTheModels) {
  const auto schedule = [](double denoise) {
    return std::get<Sigmas>(
               run_node("BasicScheduler", {{"model", Model{.network = {}, .shift = 1.0}},
                                           {"scheduler", std::string("simple")},
                                           {"steps", WideInt{4}},
                                           {"denoise", denoise}})[0])
        .values;
  };
  EXPECT_EQ(schedule(1.0), (std::vector<float>{1.0f, 0.75f, 0.5f, 0.25f, 0.0f}));
  EXPECT_EQ(schedule(0.5), (std::vector<float>{0.5f, 0.375f, 0.25f, 0.125f, 0.0f}));
  EXPECT_TRUE(schedule(0.0).empty());
}

TEST(ModelNodes, TheLastModelSamplingHolds) {
  const auto sd3 = run_node("ModelSamplingSD3", {{"model", Model{}}, {"shift", 5.0}});
  EXPECT_EQ(std::get<Model>(sd3[0]).timestep_scale, 1000.0);
  const auto aura = run_node("ModelSamplingAuraFlow", {{"model", sd3[0]}, {"shift", 2.0}});
  EXPECT_EQ(std::get<Model>(aura[0]).timestep_scale, 1.0);
  EXPECT_EQ(std::get<Model>(aura[0]).shift, 2.0);
}

TEST(NoiseNodes, DisabledNoiseIsZero) {
  EXPECT_TRUE(std::get<Noise>(run_node("DisableNoise", {})[0]).zero);
  const auto noise = std::get<Noise>(run_node("RandomNoise", {{"noise_seed", WideInt{7}}})[0]);
  EXPECT_FALSE(noise.zero);
  EXPECT_EQ(noise.seed, 7u);
}

TEST(LatentNodes, NoiseMaskStaysWithTheLatent) {
  const Latent latent{.samples = Tensor::zeros({1, 16, 2, 2}), .batch_index = {3}};
  const auto outputs = run_node("SetLatentNoiseMask",
                                {{"samples", latent}, {"mask", Mask{Tensor::zeros({1, 16, 16})}}});
  EXPECT_EQ(std::get<Latent>(outputs[0]).noise_mask.shape(), (Shape{1, 16, 16}));
  EXPECT_EQ(std::get<Latent>(outputs[0]).batch_index, (std::vector<int64_t>{3}));
}

}  // namespace
}  // namespace zanime::nodes
