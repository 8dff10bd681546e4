#include "graph/listing.h"

#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "base/text/near_matches.h"
#include "graph/missing_nodes.h"
#include "tests/support/expect_error.h"
#include "tests/support/fake_model_files.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;
using namespace zanime::testing;

ordered_json core_info() {
  const FakeModelFiles files(FakeModelFiles::Folders{{"vae", {"ae.safetensors"}}});
  return object_info(NodeRegistry::standard(false), files);
}

TEST(ObjectInfo, HasTheCoreNodesAndOnlyThem) {
  const ordered_json info = core_info();
  for (const char* name :
       {"UNETLoader", "CLIPLoader", "VAELoader", "ModelSamplingAuraFlow", "CLIPTextEncode",
        "EmptyLatentImage", "KSampler", "VAEDecode", "SaveImage"}) {
    EXPECT_TRUE(info.contains(name)) << name;
  }
  for (const char* extra : {"SamplerCustom", "LoraLoaderModelOnly", "UnetLoaderGGUF"}) {
    EXPECT_FALSE(info.contains(extra)) << extra;
  }
}

TEST(ObjectInfo, StatesKSamplersInputsAsComfyUI) {
  const ordered_json required = core_info()["KSampler"]["input"]["required"];
  std::vector<std::string> names;
  for (const auto& [name, value] : required.items()) names.push_back(name);
  EXPECT_EQ(names,
            (std::vector<std::string>{"model", "seed", "steps", "cfg", "sampler_name", "scheduler",
                                      "positive", "negative", "latent_image", "denoise"}));
  EXPECT_EQ(required["seed"][1]["max"].dump(), "18446744073709551615");
  EXPECT_EQ(required["steps"][1]["default"], 20);
  EXPECT_EQ(required["steps"][1]["max"], 10000);
  EXPECT_EQ(required["cfg"][0], "FLOAT");
  EXPECT_EQ(required["cfg"][1]["default"], 8.0);
  EXPECT_EQ(required["cfg"][1]["step"], 0.1);
  EXPECT_EQ(required["scheduler"][0].size(), 9u);
}

TEST(ObjectInfo, ListsFilesAsChoicesAndHiddenInputsApart) {
  const ordered_json info = core_info();
  EXPECT_EQ(info["VAELoader"]["input"]["required"]["vae_name"][0],
            ordered_json::array({"ae.safetensors"}));
  EXPECT_EQ(info["CLIPLoader"]["input"]["optional"]["device"][0],
            (ordered_json::array({"default", "cpu"})));
  EXPECT_EQ(info["SaveImage"]["input"]["hidden"]["prompt"], "PROMPT");
  EXPECT_EQ(info["SaveImage"]["output_node"], true);
  EXPECT_EQ(info["UNETLoader"]["output"], ordered_json::array({"MODEL"}));
}

TEST(NodeTable, ShowsLimits) {
  const std::string table = node_table(NodeRegistry::standard(true));
  expect_contains(table, "KSampler");
  expect_contains(table, "INT 1..10000, default 20");
  expect_contains(table, "ConditioningZeroOut");
}

TEST(NearMatches, FindMisspeltNames) {
  const std::vector<std::string> names{"euler", "heun", "dpmpp_2m", "res_multistep"};
  EXPECT_EQ(text::near_matches("Eulr", names), std::vector<std::string>{"euler"});
  EXPECT_EQ(text::near_matches("dpmpp-2m", names), std::vector<std::string>{"dpmpp_2m"});
  EXPECT_EQ(text::near_matches("multistep", names), std::vector<std::string>{"res_multistep"});
  EXPECT_TRUE(text::near_matches("completely different", names).empty());
  EXPECT_TRUE(text::near_matches("", names).empty());
}

TEST(MissingNodes, AreNamedOnceWithAReason) {
  const NodeRegistry registry = NodeRegistry::standard(true);
  std::set<std::string_view> names;
  for (const MissingNode& node : missing_nodes(registry)) {
    EXPECT_TRUE(names.insert(node.name).second) << node.name << " stands twice";
    EXPECT_EQ(registry.find(std::string(node.name)), nullptr) << node.name;
    EXPECT_FALSE(node.sentence.empty());
  }
  EXPECT_EQ(missing_node_sentence("WanImageToVideo"), "is a node for video models");
  EXPECT_EQ(missing_node_sentence("KSampler"), "");
  EXPECT_FALSE(names.contains("KSampler"));
  expect_contains(missing_node_table(registry), "Each is a node for 3D models:\n");
}

}  // namespace
}  // namespace zanime::graph
