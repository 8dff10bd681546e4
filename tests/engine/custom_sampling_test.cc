// Sampling taken apart gives what KSampler gives, which golden/ holds to the reference.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/engine.h"
#include "tests/support/random_tensor.h"
#include "tests/support/synthetic_models_root.h"

namespace zanime::engine {
namespace {

using nlohmann::ordered_json;
using namespace zanime::testing;

class CustomSampling : public ::testing::Test {
 protected:
  static EngineOptions options() {
    EngineOptions options;
    options.models_root = synthetic_models_root();
    options.extra_nodes = true;
    return options;
  }

  // `sampler` is node 10, and what it links to 11 and up; model 1, prompts 2 and 3, latent 4.
  Tensor latent(const std::string& sampler, int output = 0) {
    ordered_json graph = ordered_json::parse(R"json({
      "0": {"class_type": "UNETLoader",
            "inputs": {"unet_name": "tiny-dit-fp8.safetensors", "weight_dtype": "default"}},
      "1": {"class_type": "ModelSamplingAuraFlow", "inputs": {"model": ["0", 0], "shift": 2.5}},
      "5": {"class_type": "CLIPLoader",
            "inputs": {"clip_name": "tiny-qwen3-fp8.safetensors", "type": "lumina2"}},
      "2": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["5", 0], "text": "1girl"}},
      "3": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["5", 0], "text": "blurry"}},
      "4": {"class_type": "EmptyLatentImage",
            "inputs": {"width": 64, "height": 72, "batch_size": 2}}})json");
    graph.update(ordered_json::parse(sampler));
    graph["20"] = {{"class_type", "SaveLatent"},
                   {"inputs", {{"samples", {"10", output}}, {"filename_prefix", "x"}}}};
    return engine.run(graph, cancel).latents.at(0).samples;
  }

  Engine engine{options()};
  CancelToken cancel;
};

// A sampler that draws noise on its way, so that the seed counts twice.
constexpr const char* kKSampler = R"json({
  "10": {"class_type": "KSampler", "inputs": {
    "model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0], "latent_image": ["4", 0],
    "seed": 7, "steps": 3, "cfg": 2.5, "sampler_name": "euler_ancestral", "scheduler": "simple",
    "denoise": 1.0}}})json";

std::string sampler_custom(bool add_noise) {
  return R"json({
    "11": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler_ancestral"}},
    "12": {"class_type": "BasicScheduler", "inputs": {
      "model": ["1", 0], "scheduler": "simple", "steps": 3, "denoise": 1.0}},
    "10": {"class_type": "SamplerCustom", "inputs": {
      "model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0], "latent_image": ["4", 0],
      "add_noise": )json" +
         std::string(add_noise ? "true" : "false") + R"json(, "noise_seed": 7, "cfg": 2.5,
      "sampler": ["11", 0], "sigmas": ["12", 0]}}})json";
}

// SamplerCustomAdvanced with that noise node and that guider.
std::string sampler_custom_advanced(const std::string& noise, const std::string& guider) {
  return R"json({
    "11": {"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler_ancestral"}},
    "12": {"class_type": "BasicScheduler", "inputs": {
      "model": ["1", 0], "scheduler": "simple", "steps": 3, "denoise": 1.0}},
    "13": )json" +
         noise + R"json(, "14": )json" + guider + R"json(,
    "10": {"class_type": "SamplerCustomAdvanced", "inputs": {
      "noise": ["13", 0], "guider": ["14", 0], "sampler": ["11", 0], "sigmas": ["12", 0],
      "latent_image": ["4", 0]}}})json";
}

constexpr const char* kNoise = R"({"class_type": "RandomNoise", "inputs": {"noise_seed": 7}})";
constexpr const char* kCfgGuider = R"json({"class_type": "CFGGuider", "inputs": {
  "model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0], "cfg": 2.5}})json";

TEST_F(CustomSampling, SamplerCustomIsKSamplerTakenApart) {
  const Tensor expected = latent(kKSampler);
  ASSERT_EQ(expected.shape(), (Shape{2, 16, 9, 8}));
  EXPECT_EQ(max_difference(latent(sampler_custom(true)), expected), 0.0);
  EXPECT_EQ(max_difference(latent(sampler_custom_advanced(kNoise, kCfgGuider)), expected), 0.0);
}

TEST_F(CustomSampling, WithoutNoiseTheLatentAloneIsTheStart) {
  const Tensor silent = latent(sampler_custom(false));
  EXPECT_GT(max_difference(silent, latent(kKSampler)), 0.0);
  // Of DisableNoise the seed is 0, which the sampler's own noise follows.
  const std::string disabled =
      sampler_custom_advanced(R"({"class_type": "DisableNoise", "inputs": {}})", kCfgGuider);
  std::string seed_0 = sampler_custom(false);
  seed_0.replace(seed_0.find("\"noise_seed\": 7"), 15, "\"noise_seed\": 0");
  EXPECT_EQ(max_difference(latent(disabled), latent(seed_0)), 0.0);
}

TEST_F(CustomSampling, TheSecondOutputIsWhatTheLastStepExpected) {
  // The last step of this sampler goes all the way to what the model expects.
  EXPECT_LE(max_difference(latent(sampler_custom(true), 1), latent(sampler_custom(true))), 1e-5);
  // Stopped before, the latent still has noise that the expectation has not.
  std::string stopped = sampler_custom(true);
  stopped.insert(1, R"json("15": {"class_type": "SplitSigmas", "inputs": {
    "sigmas": ["12", 0], "step": 2}},)json");
  stopped.replace(stopped.find("\"sigmas\": [\"12\", 0]}}}"), 19, "\"sigmas\": [\"15\", 0]");
  EXPECT_GT(max_difference(latent(stopped, 1), latent(stopped)), 0.1);
}

TEST_F(CustomSampling, GuidersOfEqualPromptsAgree) {
  const std::string basic = sampler_custom_advanced(kNoise, R"json({"class_type": "BasicGuider",
    "inputs": {"model": ["1", 0], "conditioning": ["2", 0]}})json");
  const std::string cfg_1 = sampler_custom_advanced(kNoise, R"json({"class_type": "CFGGuider",
    "inputs": {"model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0], "cfg": 1.0}})json");
  const Tensor expected = latent(basic);
  EXPECT_EQ(max_difference(latent(cfg_1), expected), 0.0);
  // Between two equal prompts there is nothing to go.
  const std::string dual = sampler_custom_advanced(kNoise, R"json({"class_type": "DualCFGGuider",
    "inputs": {"model": ["1", 0], "cond1": ["2", 0], "cond2": ["2", 0], "negative": ["2", 0],
               "cfg_conds": 3.0, "cfg_cond2_negative": 5.0, "style": "regular"}})json");
  EXPECT_LE(max_difference(latent(dual), expected), 1e-4 * max_magnitude(expected));
}

}  // namespace
}  // namespace zanime::engine
