#include "engine/plain_graph.h"

#include <gtest/gtest.h>

#include "engine/parameters_text.h"
#include "engine/version.h"
#include "nodes/graph.h"
#include "tests/support/fake_model_files.h"

namespace zanime {
namespace {

using namespace zanime::testing;

GenerationParams request() {
  GenerationParams params;
  params.prompt = "1girl, \"quoted\"\nsecond line";
  params.negative_prompt = "blurry";
  params.seed = 18446744073709551615u;
  params.model = "dit.safetensors";
  params.text_encoder = "te.safetensors";
  params.vae = "ae.safetensors";
  return params;
}

const FakeModelFiles& files() {
  static const FakeModelFiles kFiles({{"diffusion_models", {"dit.safetensors"}},
                                      {"text_encoders", {"te.safetensors"}},
                                      {"vae", {"ae.safetensors"}}});
  return kFiles;
}

TEST(PlainGraph, IsAValidGraphOfCoreNodes) {
  std::vector<std::string> warnings;
  const auto registry = nodes::NodeRegistry::standard(false);
  const nodes::Graph graph =
      nodes::read_graph(plain_graph(request()), registry, files(), &warnings);
  EXPECT_EQ(graph.nodes.size(), 10u);
  EXPECT_TRUE(warnings.empty());
}

TEST(PlainGraph, CarriesTheRequest) {
  const auto graph = plain_graph(request());
  EXPECT_EQ(graph["8"]["inputs"]["seed"].dump(), "18446744073709551615");
  EXPECT_EQ(graph["8"]["inputs"]["model"], (nlohmann::ordered_json{"4", 0}));
  EXPECT_EQ(graph["5"]["inputs"]["text"], request().prompt);
  EXPECT_EQ(graph["7"]["inputs"]["width"], 832);
  EXPECT_EQ(graph["4"]["inputs"]["shift"], 3.0);
}

TEST(PlainGraph, LeavesAuraSamplingOutWhenAsked) {
  const auto graph = plain_graph(request(), /*aura_sampling=*/false);
  EXPECT_FALSE(graph.contains("4"));
  EXPECT_EQ(graph["8"]["inputs"]["model"], (nlohmann::ordered_json{"1", 0}));
}

TEST(ParametersText, ReadsLikeOtherProgramsWriteIt) {
  EXPECT_EQ(parameters_text(plain_graph(request()), "10"),
            "1girl, \"quoted\"\nsecond line\nNegative prompt: blurry\n"
            "Steps: 8, Sampler: euler, Schedule type: simple, CFG scale: 1, Shift: 3, "
            "Seed: 18446744073709551615, Size: 832x1216, Model: dit.safetensors, "
            "Version: zanime " +
                std::string(version()));
}

TEST(ParametersText, TakesGraphsAsTheyCome) {
  auto graph = plain_graph(request(), false);
  graph["6"]["inputs"]["text"] = "";
  graph["8"]["inputs"]["denoise"] = 0.5;
  const std::string text = parameters_text(graph, "10");
  EXPECT_EQ(text.find("Negative"), std::string::npos);
  EXPECT_EQ(text.find("Shift"), std::string::npos);
  EXPECT_NE(text.find("Denoising strength: 0.5"), std::string::npos);
  EXPECT_EQ(parameters_text(graph, "99"), "");
  EXPECT_EQ(parameters_text(nlohmann::ordered_json::object(), "1"), "");
  // A circle of links ends.
  graph["8"]["inputs"].erase("steps");
  graph["9"]["inputs"]["vae"] = {"9", 0};
  EXPECT_EQ(parameters_text(graph, "10"), "");
}

}  // namespace
}  // namespace zanime
