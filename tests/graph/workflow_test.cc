#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/edit.h"
#include "graph/outline.h"
#include "graph/pass_through.h"
#include "graph/read_graph.h"
#include "graph/workflow/to_api.h"
#include "tests/support/editor_workflow.h"
#include "tests/support/expect_error.h"
#include "tests/support/fake_model_files.h"
#include "tests/support/sample_graphs.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;
using namespace zanime::testing;

const FakeModelFiles& workflow_files() {
  static const FakeModelFiles kFiles({{"diffusion_models", {"dit.safetensors"}},
                                      {"text_encoders", {"qwen.safetensors"}},
                                      {"vae", {"ae.safetensors"}}});
  return kFiles;
}

const NodeRegistry& every_node() {
  static const NodeRegistry kRegistry = NodeRegistry::standard(/*with_extra_nodes=*/true);
  return kRegistry;
}

ordered_json converted(const ordered_json& workflow, std::vector<std::string>* warnings = nullptr) {
  return to_api(workflow, every_node(), warnings).graph;
}

ordered_json without_titles(ordered_json graph) {
  for (auto& [id, node] : graph.items()) node.erase("_meta");
  return graph;
}

// By key, so that the order of inputs does not count.
nlohmann::json sorted(const ordered_json& graph) { return nlohmann::json::parse(graph.dump()); }

// The node with that id in the plain editor workflow, whose ids count from 1.
ordered_json& node(ordered_json& workflow, size_t id) { return workflow["nodes"][id - 1]; }

void add(ordered_json& workflow, ordered_json added) {
  workflow["nodes"].push_back(std::move(added));
}
void link(ordered_json& workflow, const std::string& json) {
  workflow["links"].push_back(ordered_json::parse(json));
}

// --- The editor's form

TEST(EditorWorkflow, BecomesTheApiForm) {
  EXPECT_EQ(sorted(without_titles(converted(plain_editor_workflow()))), sorted(plain_workflow()));
}

TEST(EditorWorkflow, IsReadByReadGraph) {
  std::vector<std::string> warnings;
  const Graph graph =
      read_graph(plain_editor_workflow(), every_node(), workflow_files(), &warnings);
  EXPECT_EQ(graph.nodes.size(), 10u);
  EXPECT_TRUE(warnings.empty()) << warnings.front();
  EXPECT_EQ(sorted(without_titles(graph.json)), sorted(plain_workflow()));
}

TEST(EditorWorkflow, TakesLinksAsObjectsAndIdsAsText) {
  ordered_json workflow = plain_editor_workflow();
  for (ordered_json& one : workflow["links"]) {
    one = {{"id", one[0]},          {"origin_id", one[1].dump()},
           {"origin_slot", one[2]}, {"target_id", one[3].dump()},
           {"target_slot", one[4]}, {"type", one[5]}};
  }
  for (ordered_json& one : workflow["nodes"]) one["id"] = one["id"].dump();
  EXPECT_EQ(sorted(without_titles(converted(workflow))), sorted(plain_workflow()));
}

TEST(EditorWorkflow, TakesWidgetValuesAsObject) {
  ordered_json workflow = plain_editor_workflow();
  node(workflow, 8)["widgets_values"] = ordered_json::parse(
      R"({"denoise": 1.0, "seed": 42, "control_after_generate": "fixed", "steps": 8, "cfg": 1.0,
          "sampler_name": "euler", "scheduler": "simple", "videopreview": {"hidden": true}})");
  EXPECT_EQ(sorted(without_titles(converted(workflow))), sorted(plain_workflow()));
}

TEST(EditorWorkflow, ReadsSeedsWithAndWithoutControl) {
  for (const char* control : {"", R"("fixed",)", R"("increment",)", R"("decrement",)"}) {
    ordered_json workflow = plain_editor_workflow();
    node(workflow, 8)["widgets_values"] = ordered_json::parse(
        "[18446744073709551615, " + std::string(control) + R"(8, 1.0, "euler", "simple", 1.0])");
    const ordered_json inputs = converted(workflow)["8"]["inputs"];
    EXPECT_EQ(inputs["seed"], 18446744073709551615u);
    EXPECT_EQ(inputs["steps"], 8);
    EXPECT_EQ(inputs["denoise"], 1.0);
  }
}

TEST(EditorWorkflow, FillsInWhatOlderFilesLack) {
  ordered_json workflow = plain_editor_workflow();
  node(workflow, 1)["widgets_values"] = ordered_json::array({"dit.safetensors"});
  node(workflow, 7).erase("widgets_values");
  const ordered_json graph = converted(workflow);
  EXPECT_EQ(graph["1"]["inputs"]["weight_dtype"], "default");
  EXPECT_EQ(graph["7"]["inputs"]["batch_size"], 1);
}

TEST(EditorWorkflow, FollowsTheFileWhereItKnowsMoreWidgets) {
  ordered_json workflow = plain_editor_workflow();
  node(workflow, 7)["inputs"] = ordered_json::parse(R"([
    {"name": "preset", "type": "COMBO", "widget": {"name": "preset"}, "link": null},
    {"name": "width", "type": "INT", "widget": {"name": "width"}, "link": null},
    {"name": "height", "type": "INT", "widget": {"name": "height"}, "link": null},
    {"name": "batch_size", "type": "INT", "widget": {"name": "batch_size"}, "link": null}])");
  node(workflow, 7)["widgets_values"] = {"square", 128, 96, 2};
  EXPECT_EQ(sorted(converted(workflow)["7"]["inputs"]),
            sorted({{"width", 128}, {"height", 96}, {"batch_size", 2}}));
}

TEST(EditorWorkflow, IgnoresNotesAndTheUploadButton) {
  ordered_json workflow = plain_editor_workflow();
  add(workflow, editor_node(30, "Note", "[]", "[]", R"(["remember"])"));
  add(workflow, editor_node(31, "MarkdownNote", "[]", "[]", R"(["# remember"])"));
  add(workflow, editor_node(32, "LoadImage", "[]", R"([{"name": "IMAGE", "type": "IMAGE"}])",
                            R"(["a.png", "image"])"));
  const ordered_json graph = converted(workflow);
  EXPECT_FALSE(graph.contains("30"));
  EXPECT_FALSE(graph.contains("31"));
  EXPECT_EQ(sorted(graph["32"]["inputs"]), sorted({{"image", "a.png"}}));
}

TEST(EditorWorkflow, GivesPrimitiveValuesToConvertedWidgets) {
  ordered_json workflow = plain_editor_workflow();
  add(workflow, editor_node(20, "PrimitiveNode", "[]", R"([{"name": "INT", "type": "INT"}])",
                            R"([7, "randomize"])"));
  add(workflow, editor_node(21, "Reroute", R"([{"name": "", "type": "*", "link": 20}])",
                            R"([{"name": "", "type": "*"}])", "null"));
  link(workflow, R"([20, 20, 0, 21, 0, "INT"])");
  link(workflow, R"([21, 21, 0, 8, 4, "INT"])");
  node(workflow, 8)["inputs"].push_back(ordered_json::parse(
      R"({"name": "seed", "type": "INT", "widget": {"name": "seed"}, "link": 21})"));
  const ordered_json graph = converted(workflow);
  EXPECT_EQ(graph["8"]["inputs"]["seed"], 7);
  EXPECT_EQ(graph["8"]["inputs"]["steps"], 8);
  EXPECT_EQ(graph.size(), 10u);
}

TEST(EditorWorkflow, SeesThroughBypassedNodes) {
  ordered_json workflow = plain_editor_workflow();
  node(workflow, 4)["mode"] = 4;
  const ordered_json graph = converted(workflow);
  EXPECT_FALSE(graph.contains("4"));
  EXPECT_EQ(graph["8"]["inputs"]["model"], ordered_json({"1", 0}));
}

TEST(EditorWorkflow, BypassPrefersTheSamePlaceThenTheType) {
  ordered_json workflow = plain_editor_workflow();
  // A LoRA loader: model and clip in, model and clip out.
  ordered_json lora = editor_node(
      20, "LoraLoader",
      R"([{"name": "model", "type": "MODEL", "link": 20}, {"name": "clip", "type": "CLIP",
           "link": 21}])",
      R"([{"name": "MODEL", "type": "MODEL"}, {"name": "CLIP", "type": "CLIP"}])",
      R"(["a.safetensors", 1, 1])");
  lora["mode"] = 4;
  add(workflow, lora);
  link(workflow, R"([20, 1, 0, 20, 0, "MODEL"])");
  link(workflow, R"([21, 2, 0, 20, 1, "CLIP"])");
  link(workflow, R"([22, 20, 0, 4, 0, "MODEL"])");
  link(workflow, R"([23, 20, 1, 5, 0, "CLIP"])");
  node(workflow, 4)["inputs"][0]["link"] = 22;
  node(workflow, 5)["inputs"][0]["link"] = 23;
  // The decoder bypassed: an IMAGE is asked for, and nothing of that type goes in.
  node(workflow, 9)["mode"] = 4;
  std::vector<std::string> warnings;
  const ordered_json graph = converted(workflow, &warnings);
  EXPECT_EQ(graph["4"]["inputs"]["model"], ordered_json({"1", 0}));
  EXPECT_EQ(graph["5"]["inputs"]["clip"], ordered_json({"2", 0}));
  EXPECT_FALSE(graph["10"]["inputs"].contains("images"));
  ASSERT_EQ(warnings.size(), 1u);
  expect_contains(warnings.front(), "VAEDecode (node 9) is bypassed");
}

TEST(EditorWorkflow, LeavesMutedNodesOut) {
  ordered_json workflow = plain_editor_workflow();
  ordered_json second = editor_node(
      11, "SaveImage", R"([{"name": "images", "type": "IMAGE", "link": 11}])", "[]", R"(["no"])");
  second["mode"] = 2;
  add(workflow, second);
  link(workflow, R"([11, 9, 0, 11, 0, "IMAGE"])");
  EXPECT_EQ(sorted(without_titles(converted(workflow))), sorted(plain_workflow()));

  node(workflow, 4)["mode"] = 2;
  std::vector<std::string> warnings;
  const Error error =
      expect_error([&] { read_graph(workflow, every_node(), workflow_files(), &warnings); });
  expect_contains(error.what(), "required input `model` (MODEL) is missing");
  ASSERT_FALSE(warnings.empty());
  expect_contains(warnings.front(), "ModelSamplingAuraFlow (node 4) is muted");
}

TEST(EditorWorkflow, ConnectsSettersAndGetters) {
  ordered_json workflow = plain_editor_workflow();
  add(workflow, editor_node(20, "SetNode", R"([{"name": "VAE", "type": "VAE", "link": 20}])",
                            R"([{"name": "*", "type": "*"}])", R"(["vae"])"));
  add(workflow,
      editor_node(21, "GetNode", "[]", R"([{"name": "VAE", "type": "VAE"}])", R"(["vae"])"));
  link(workflow, R"([20, 3, 0, 20, 0, "VAE"])");
  link(workflow, R"([21, 21, 0, 9, 1, "VAE"])");
  node(workflow, 9)["inputs"][1]["link"] = 21;
  EXPECT_EQ(sorted(without_titles(converted(workflow))), sorted(plain_workflow()));
}

// --- Subgraphs

// The plain workflow with the node 7 replaced by one of the subgraph "Size".
ordered_json workflow_with_subgraph() {
  ordered_json workflow = plain_editor_workflow();
  node(workflow, 7) = size_instance(7);
  workflow["definitions"] = {{"subgraphs", ordered_json::array({size_subgraph()})}};
  return workflow;
}

TEST(Subgraph, NodesWithinGetIdsOfTheirPath) {
  const ordered_json graph = converted(workflow_with_subgraph());
  EXPECT_FALSE(graph.contains("7"));
  EXPECT_EQ(graph["8"]["inputs"]["latent_image"], ordered_json({"7:1", 0}));
  EXPECT_EQ(sorted(graph["7:1"]["inputs"]),
            sorted({{"width", 512}, {"height", 256}, {"batch_size", 1}}));
}

TEST(Subgraph, TakesWhatIsLinkedToItsNode) {
  ordered_json workflow = workflow_with_subgraph();
  add(workflow, editor_node(20, "PrimitiveNode", "[]", R"([{"name": "INT", "type": "INT"}])",
                            R"([96, "fixed"])"));
  link(workflow, R"([20, 20, 0, 7, 0, "INT"])");
  node(workflow, 7)["inputs"][0]["link"] = 20;
  EXPECT_EQ(sorted(converted(workflow)["7:1"]["inputs"]),
            sorted({{"width", 96}, {"height", 96}, {"batch_size", 1}}));
}

TEST(Subgraph, TakesTheValuesOfItsNode) {
  ordered_json workflow = workflow_with_subgraph();
  ordered_json& instance = node(workflow, 7);
  instance["properties"].erase("proxyWidgets");
  instance["widgets_values"] = {128, 2};
  EXPECT_EQ(sorted(converted(workflow)["7:1"]["inputs"]),
            sorted({{"width", 128}, {"height", 128}, {"batch_size", 2}}));

  instance["properties"]["proxyWidgets"] =
      ordered_json::parse(R"([["1", "height"], ["-1", "batch"]])");
  instance["widgets_values"] = {72, 3};
  EXPECT_EQ(sorted(converted(workflow)["7:1"]["inputs"]),
            sorted({{"width", 512}, {"height", 72}, {"batch_size", 3}}));
}

TEST(Subgraph, MayStandInAnother) {
  ordered_json workflow = workflow_with_subgraph();
  ordered_json outer = ordered_json::parse(R"({
    "id": "bbbb-outer", "name": "Outer", "inputNode": {"id": -10}, "outputNode": {"id": -20},
    "inputs": [{"name": "n", "type": "INT"}], "outputs": [{"name": "LATENT", "type": "LATENT"}],
    "nodes": [],
    "links": [[1, -10, 0, 5, 1, "INT"], [2, 5, 0, -20, 0, "LATENT"]]})");
  outer["nodes"].push_back(size_instance(5));
  outer["nodes"][0]["inputs"][1]["link"] = 1;
  workflow["definitions"]["subgraphs"].push_back(outer);
  node(workflow, 7) = editor_node(
      7, "bbbb-outer", R"([{"name": "n", "type": "INT", "widget": {"name": "n"}, "link": null}])",
      R"([{"name": "LATENT", "type": "LATENT"}])", "[4]");
  ApiWorkflow result = to_api(workflow, every_node());
  EXPECT_EQ(result.graph["8"]["inputs"]["latent_image"], ordered_json({"7:5:1", 0}));
  EXPECT_EQ(result.graph["7:5:1"]["inputs"]["batch_size"], 4);
  // What the outer node shows reaches the innermost one.
  apply_setting(result, "Outer.n=2", every_node());
  EXPECT_EQ(result.graph["7:5:1"]["inputs"]["batch_size"], 2);
}

TEST(Subgraph, StandsTwiceWithValuesOfItsOwn) {
  ordered_json workflow = workflow_with_subgraph();
  node(workflow, 7)["properties"].erase("proxyWidgets");
  node(workflow, 7)["widgets_values"] = {128, 1};
  ordered_json second = size_instance(22);
  second["properties"].erase("proxyWidgets");
  second["widgets_values"] = {256, 1};
  add(workflow, second);
  const ordered_json graph = converted(workflow);
  EXPECT_EQ(graph["7:1"]["inputs"]["width"], 128);
  EXPECT_EQ(graph["22:1"]["inputs"]["width"], 256);
}

TEST(Subgraph, MutedOrBypassedHasNoNodes) {
  for (const int mode : {2, 4}) {
    ordered_json workflow = workflow_with_subgraph();
    node(workflow, 7)["mode"] = mode;
    const ordered_json graph = converted(workflow);
    EXPECT_FALSE(graph.contains("7:1"));
    EXPECT_FALSE(graph["8"]["inputs"].contains("latent_image"));
  }
}

// --- Hostile files

TEST(HostileWorkflow, SubgraphThatContainsItself) {
  ordered_json workflow = workflow_with_subgraph();
  workflow["definitions"]["subgraphs"][0]["nodes"].push_back(size_instance(2));
  expect_error(ErrorKind::kGraph, "contains itself", [&] { converted(workflow); });
}

TEST(HostileWorkflow, SubgraphsThatContainEachOther) {
  ordered_json workflow = workflow_with_subgraph();
  ordered_json other = size_subgraph();
  other["id"] = "bbbb-other";
  other["nodes"].push_back(size_instance(2));
  workflow["definitions"]["subgraphs"].push_back(other);
  ordered_json instance = size_instance(3);
  instance["type"] = "bbbb-other";
  workflow["definitions"]["subgraphs"][0]["nodes"].push_back(instance);
  expect_error(ErrorKind::kGraph, "contains itself", [&] { converted(workflow); });
}

TEST(HostileWorkflow, SubgraphsThatDoubleAtEachLevel) {
  ordered_json workflow = plain_editor_workflow();
  ordered_json subgraphs = ordered_json::array();
  for (int level = 0; level < 30; ++level) {
    ordered_json subgraph = size_subgraph();
    subgraph["id"] = "level" + std::to_string(level);
    for (const int id : {10, 11}) {
      ordered_json instance = size_instance(id);
      instance["type"] = "level" + std::to_string(level + 1);
      subgraph["nodes"].push_back(instance);
    }
    subgraphs.push_back(subgraph);
  }
  workflow["definitions"] = {{"subgraphs", subgraphs}};
  node(workflow, 7)["type"] = "level0";
  expect_error(ErrorKind::kGraph, "more than 10000 nodes", [&] { converted(workflow); });
}

TEST(HostileWorkflow, ReroutesInACircle) {
  ordered_json workflow = plain_editor_workflow();
  for (const int id : {20, 21}) {
    add(workflow, editor_node(id, "Reroute",
                              R"([{"name": "", "type": "*", "link": )" + std::to_string(id) + "}]",
                              R"([{"name": "", "type": "*"}])", "[]"));
  }
  link(workflow, R"([20, 21, 0, 20, 0, "*"])");
  link(workflow, R"([21, 20, 0, 21, 0, "*"])");
  link(workflow, R"([22, 20, 0, 9, 1, "VAE"])");
  node(workflow, 9)["inputs"][1]["link"] = 22;
  expect_error(ErrorKind::kGraph, "circle", [&] { converted(workflow); });
}

struct MalformedPart {
  friend void PrintTo(const MalformedPart& test, std::ostream* out) { *out << test.pointer; }
  const char* pointer;
  const char* value;
  const char* part;
};

class MalformedWorkflow : public ::testing::TestWithParam<MalformedPart> {};

TEST_P(MalformedWorkflow, IsAnErrorThatNamesThePlace) {
  ordered_json workflow = workflow_with_subgraph();
  workflow[ordered_json::json_pointer(GetParam().pointer)] = ordered_json::parse(GetParam().value);
  expect_error(ErrorKind::kGraph, GetParam().part, [&] { converted(workflow); });
}

INSTANTIATE_TEST_SUITE_P(
    All, MalformedWorkflow,
    ::testing::Values(
        MalformedPart{"/nodes/0", "5", "nodes[0]: must be an object"},
        MalformedPart{"/nodes/0/id", "null", "nodes[0]: has no `id`"},
        MalformedPart{"/nodes/0/id", "2", "two nodes have the id \"2\""},
        MalformedPart{"/nodes/0/type", "7", "has no `type`"},
        MalformedPart{"/links", "3", "`links` must be a list"},
        MalformedPart{"/definitions/subgraphs", "3", "`definitions.subgraphs` must be a list"},
        MalformedPart{"/definitions/subgraphs/0", "[]", "definitions.subgraphs[0]: has no `id`"},
        MalformedPart{"/definitions/subgraphs/0/nodes", "{}", "has no `nodes` list"}));

// Wrong types in places that are not essential are passed over, and never crash.
TEST(HostileWorkflow, SurvivesAnyValueAnywhere) {
  const ordered_json workflow = workflow_with_subgraph();
  const ordered_json flat = workflow.flatten();
  const std::vector<ordered_json> values = {nullptr,
                                            -1,
                                            1e300,
                                            "x",
                                            true,
                                            ordered_json::array(),
                                            ordered_json::object(),
                                            18446744073709551615u};
  size_t errors = 0;
  for (const auto& [pointer, old] : flat.items()) {
    for (const ordered_json& value : values) {
      ordered_json changed = workflow;
      changed[ordered_json::json_pointer(pointer)] = value;
      try {
        read_graph(changed, every_node(), workflow_files());
      } catch (const Error& error) {
        ++errors;
        EXPECT_NE(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::kInternal));
      }
    }
  }
  EXPECT_GT(errors, 0u);
}

// --- Nodes that only hand a value on

// The plain workflow in API form with a switch before the text encoder and one before the model.
ordered_json graph_with_switches() {
  ordered_json graph = plain_workflow();
  graph["20"] = ordered_json::parse(
      R"json({"class_type": "Any Switch (rgthree)", "inputs": {
    "any_02" : [ "2", 0 ], "any_03" : [ "9", 0 ]}
})json");
  graph["21"] = ordered_json::parse(
      R"json({"class_type": "Any Switch (rgthree)", "inputs": {
  "any_01" : [ "22", 0 ], "any_02" : [ "4", 0 ]}
})json");
  graph["22"] = ordered_json::parse(R"json({"class_type": "Any Switch (rgthree)", "inputs": {}
})json");
  graph["5"]["inputs"]["clip"] = {"20", 0};
  graph["8"]["inputs"]["model"] = {"21", 0};
  return graph;
}

TEST(PassThrough, SwitchGivesTheFirstThatIsNotEmpty) {
  EXPECT_EQ(sorted(resolve_pass_through(graph_with_switches(), every_node(), nullptr)),
            sorted(plain_workflow()));
}

TEST(PassThrough, SeedsGiveTheirValue) {
  for (const char* class_name : {"Seed (rgthree)", "easy seed"}) {
    ordered_json graph = plain_workflow();
    graph["20"] = {{"class_type", class_name}, {"inputs", {{"seed", 42}}}};
    graph["8"]["inputs"]["seed"] = {"20", 0};
    EXPECT_EQ(sorted(resolve_pass_through(graph, every_node(), nullptr)), sorted(plain_workflow()));
  }
}

TEST(PassThrough, SeedMinusOneIsRandomAndTold) {
  ordered_json graph = plain_workflow();
  graph["20"] = {{"class_type", "Seed (rgthree)"}, {"inputs", {{"seed", -1}}}};
  graph["8"]["inputs"]["seed"] = {"20", 0};
  std::vector<std::string> warnings;
  const ordered_json seed =
      resolve_pass_through(graph, every_node(), &warnings)["8"]["inputs"]["seed"];
  EXPECT_TRUE(seed.is_number_unsigned());
  ASSERT_EQ(warnings.size(), 1u);
  expect_contains(warnings.front(), seed.dump());
}

TEST(PassThrough, ReadsSeedsOfTheEditor) {
  ordered_json workflow = plain_editor_workflow();
  add(workflow, editor_node(20, "Seed (rgthree)", "[]", R"([{"name": "SEED", "type": "INT"}])",
                            R"([11, "", "", ""])"));
  link(workflow, R"([20, 20, 0, 8, 4, "INT"])");
  node(workflow, 8)["inputs"].push_back(ordered_json::parse(
      R"({"name": "seed", "type": "INT", "widget": {"name": "seed"}, "link": 20})"));
  const Graph graph = read_graph(workflow, every_node(), workflow_files());
  EXPECT_EQ(graph.json["8"]["inputs"]["seed"], 11);
}

TEST(PassThrough, SwitchesOfTheEditorSkipMutedNodes) {
  ordered_json workflow = plain_editor_workflow();
  node(workflow, 4)["mode"] = 2;
  add(workflow, editor_node(20, "Any Switch (rgthree)",
                            R"([{"name": "any_01", "type": "MODEL", "link": 20},
                                {"name": "any_02", "type": "MODEL", "link": 21}])",
                            R"([{"name": "*", "type": "MODEL"}])", "[]"));
  link(workflow, R"([20, 4, 0, 20, 0, "MODEL"])");
  link(workflow, R"([21, 1, 0, 20, 1, "MODEL"])");
  workflow["links"][3] = ordered_json::parse(R"([4, 20, 0, 8, 0, "MODEL"])");
  const Graph graph = read_graph(workflow, every_node(), workflow_files());
  EXPECT_EQ(graph.json["8"]["inputs"]["model"], ordered_json({"1", 0}));
}

TEST(PassThrough, MendsALinkOfTheWrongTypeBehindASwitch) {
  ordered_json graph = plain_workflow();
  graph["19"] = ordered_json::parse(
      R"({"class_type": "CheckpointLoaderSimple", "inputs": {"ckpt_name": "all.safetensors"}})");
  graph["20"] = ordered_json::parse(
      R"json({"class_type": "Any Switch (rgthree)", "inputs": {
    "any_02" : [ "19", 0 ]}
})json");
  graph["5"]["inputs"]["clip"] = {"20", 0};
  graph["6"]["inputs"]["clip"] = {"19", 0};
  std::vector<std::string> warnings;
  const ordered_json resolved = resolve_pass_through(graph, every_node(), &warnings);
  EXPECT_EQ(resolved["5"]["inputs"]["clip"], ordered_json({"19", 1}));
  // A direct link is left to the check of the graph.
  EXPECT_EQ(resolved["6"]["inputs"]["clip"], ordered_json({"19", 0}));
  ASSERT_EQ(warnings.size(), 1u);
  expect_contains(warnings.front(), "takes CLIP, but a switch gives MODEL");
}

TEST(PassThrough, SwitchesInACircleAreAnError) {
  ordered_json graph = graph_with_switches();
  graph["22"]["inputs"]["any_01"] = {"21", 0};
  expect_error(ErrorKind::kGraph, "circle",
               [&] { resolve_pass_through(graph, every_node(), nullptr); });
}

TEST(PassThrough, ViewersAndTogglesAreLeftOut) {
  ordered_json graph = plain_workflow();
  graph["20"] = ordered_json::parse(
      R"json({"class_type": "Image Comparer (rgthree)", "inputs": {
    "image_a" : [ "9", 0 ]}
})json");
  graph["21"] = ordered_json::parse(
      R"json({"class_type": "Fast Groups Bypasser (rgthree)", "inputs": {}
})json");
  std::vector<std::string> warnings;
  EXPECT_EQ(read_graph(graph, every_node(), workflow_files(), &warnings).nodes.size(), 10u);
  EXPECT_TRUE(warnings.empty());
}

TEST(UnknownNode, ThatIsNeededIsNamedWithItsPack) {
  ordered_json workflow = plain_editor_workflow();
  node(workflow, 4)["type"] = "Frobnicate";
  node(workflow, 4)["properties"] = {{"cnr_id", "frob-pack"}, {"aux_id", "someone/frob"}};
  const Error error = expect_error([&] { read_graph(workflow, every_node(), workflow_files()); });
  expect_contains(error.what(), "Frobnicate (node 4)");
  expect_contains(error.what(), "of the pack \"frob-pack (someone/frob)\"");
}

TEST(UnknownNode, ThatIsNotNeededIsAWarning) {
  ordered_json workflow = plain_editor_workflow();
  add(workflow,
      editor_node(20, "Frobnicate", R"([{"name": "x", "type": "IMAGE", "link": 20}])", "[]", "[]"));
  link(workflow, R"([20, 9, 0, 20, 0, "IMAGE"])");
  std::vector<std::string> warnings;
  EXPECT_EQ(read_graph(workflow, every_node(), workflow_files(), &warnings).nodes.size(), 10u);
  ASSERT_EQ(warnings.size(), 1u);
  expect_contains(warnings.front(), "Frobnicate (node 20): unknown node type");
}

// --- --set

ApiWorkflow plain_api() { return {plain_workflow(), {}}; }

ordered_json set(const std::string& setting, ApiWorkflow workflow = plain_api()) {
  apply_setting(workflow, setting, every_node());
  return workflow.graph;
}

TEST(Setting, FindsNodesByIdClassAndTitle) {
  EXPECT_EQ(set("8.steps=12")["8"]["inputs"]["steps"], 12);
  EXPECT_EQ(set("ksampler.steps=12")["8"]["inputs"]["steps"], 12);
  EXPECT_EQ(set("Save Image.filename_prefix=x")["10"]["inputs"]["filename_prefix"], "x");
  ApiWorkflow workflow = plain_api();
  workflow.graph["5"]["_meta"]["title"] = "a.b=c prompt";
  EXPECT_EQ(set("a.b=c prompt.text=x=1.5", workflow)["5"]["inputs"]["text"], "x=1.5");
}

TEST(Setting, ReadsTheValueAsTheInputAsks) {
  EXPECT_EQ(set("8.cfg=2")["8"]["inputs"]["cfg"], 2.0);
  EXPECT_EQ(set("8.seed=18446744073709551615")["8"]["inputs"]["seed"], 18446744073709551615u);
  EXPECT_EQ(set("5.text=12")["5"]["inputs"]["text"], "12");
  EXPECT_EQ(set("5.text=")["5"]["inputs"]["text"], "");
  EXPECT_EQ(set(R"(8.model=["1", 0])")["8"]["inputs"]["model"], ordered_json({"1", 0}));
  expect_error(ErrorKind::kUsage, "`steps` takes a whole number", [] { set("8.steps=1.5"); });
  expect_error(ErrorKind::kUsage, "`cfg` takes a number", [] { set("8.cfg=much"); });
  expect_error(ErrorKind::kUsage, "a link to a node that gives MODEL", [] { set("8.model=x"); });
}

TEST(Setting, SaysWhatThereIs) {
  expect_error(ErrorKind::kUsage, "NODE.INPUT=VALUE", [] { set("steps"); });
  expect_error(ErrorKind::kUsage, "KSampler (node 8)", [] { set("Sampler.steps=2"); });
  expect_error(ErrorKind::kUsage, "has no input `stepps`", [] { set("8.stepps=2"); });
  const Error error = expect_error([] { set("CLIPTextEncode.text=x"); });
  expect_contains(error.what(), "2 nodes are called");
  expect_contains(error.what(), "CLIPTextEncode (node 5)");
  expect_contains(error.what(), "CLIPTextEncode (node 6)");
}

TEST(Setting, ReachesIntoSubgraphs) {
  const ApiWorkflow workflow = to_api(workflow_with_subgraph(), every_node());
  EXPECT_EQ(set("7.size=64", workflow)["7:1"]["inputs"]["width"], 64);
  EXPECT_EQ(set("Size.side=64", workflow)["7:1"]["inputs"]["height"], 64);
  EXPECT_EQ(set("7.height=40", workflow)["7:1"]["inputs"]["height"], 40);
  EXPECT_EQ(set("7:1.height=48", workflow)["7:1"]["inputs"]["height"], 48);
  expect_error(ErrorKind::kUsage, "shows no `depth`", [&] { set("7.depth=1", workflow); });
}

TEST(Setting, TakesASubgraphsInputBeforeAWidgetOfThatName) {
  ordered_json workflow = workflow_with_subgraph();
  // The subgraph's input `size` is called `height` now; it goes to width and height.
  workflow["definitions"]["subgraphs"][0]["inputs"][0]["name"] = "height";
  node(workflow, 7)["inputs"][0]["name"] = "height";
  node(workflow, 7)["properties"]["proxyWidgets"] = ordered_json::parse(
      R"([["1", "batch_size"], ["1", "height"], ["1", "control_after_generate"]])");
  const ApiWorkflow api = to_api(workflow, every_node());
  const ordered_json inputs = set("7.height=64", api)["7:1"]["inputs"];
  EXPECT_EQ(inputs["width"], 64);
  EXPECT_EQ(inputs["height"], 64);
  EXPECT_EQ(set("7.batch_size=3", api)["7:1"]["inputs"]["batch_size"], 3);
}

TEST(Setting, OfAMalformedNodeIsAnError) {
  ApiWorkflow workflow = plain_api();
  workflow.graph["8"] = "text";
  expect_error(ErrorKind::kGraph, "has no `inputs` object", [&] { set("8.x=1", workflow); });
}

// --- Shortcuts

ordered_json changed(const std::string& name, const ordered_json& value,
                     ordered_json graph = plain_workflow()) {
  apply_shortcut(graph, name, value, every_node());
  return graph;
}

TEST(Shortcut, SetsWhatTheLinksLeadTo) {
  EXPECT_EQ(changed("prompt", "cat")["5"]["inputs"]["text"], "cat");
  EXPECT_EQ(changed("prompt", "cat")["6"]["inputs"]["text"], "");
  EXPECT_EQ(changed("negative", "dog")["6"]["inputs"]["text"], "dog");
  EXPECT_EQ(changed("seed", 5)["8"]["inputs"]["seed"], 5);
  EXPECT_EQ(changed("steps", 5)["8"]["inputs"]["steps"], 5);
  EXPECT_EQ(changed("cfg", 5.0)["8"]["inputs"]["cfg"], 5.0);
  EXPECT_EQ(changed("sampler", "lcm")["8"]["inputs"]["sampler_name"], "lcm");
  EXPECT_EQ(changed("scheduler", "beta")["8"]["inputs"]["scheduler"], "beta");
  EXPECT_EQ(changed("width", 128)["7"]["inputs"]["width"], 128);
  EXPECT_EQ(changed("height", 128)["7"]["inputs"]["height"], 128);
  EXPECT_EQ(changed("model", "m")["1"]["inputs"]["unet_name"], "m");
  EXPECT_EQ(changed("text-encoder", "t")["2"]["inputs"]["clip_name"], "t");
  EXPECT_EQ(changed("vae", "v")["3"]["inputs"]["vae_name"], "v");
}

TEST(Shortcut, ReplacesLinkedValues) {
  ordered_json graph = plain_workflow();
  graph["20"] = {{"class_type", "Seed (rgthree)"}, {"inputs", {{"seed", 42}}}};
  graph["8"]["inputs"]["seed"] = {"20", 0};
  EXPECT_EQ(changed("seed", 5, graph)["8"]["inputs"]["seed"], 5);
}

TEST(Shortcut, FollowsSwitchesAndOtherConditioningNodes) {
  ordered_json graph = graph_with_switches();
  graph["23"] = ordered_json::parse(
      R"json({"class_type": "Any Switch (rgthree)", "inputs": {
    "any_01" : [ "5", 0 ]}
})json");
  graph["8"]["inputs"]["positive"] = {"23", 0};
  EXPECT_EQ(changed("prompt", "cat", graph)["5"]["inputs"]["text"], "cat");
}

TEST(Shortcut, LeavesThePromptAloneWhereTheNegativeIsMadeOfIt) {
  ordered_json graph = plain_workflow();
  graph["20"] = ordered_json::parse(
      R"({"class_type": "ConditioningZeroOut", "inputs": {"conditioning": ["5", 0]}})");
  graph["8"]["inputs"]["negative"] = {"20", 0};
  EXPECT_EQ(changed("prompt", "cat", graph)["5"]["inputs"]["text"], "cat");
  expect_error(ErrorKind::kUsage, "made of the prompt", [&] { changed("negative", "x", graph); });
}

TEST(Shortcut, FindsGuidersOfTheSamplerNodes) {
  ordered_json graph = plain_workflow();
  graph["8"] = ordered_json::parse(R"({"class_type": "SamplerCustomAdvanced", "inputs": {
      "noise": ["30", 0], "guider": ["31", 0], "sampler": ["32", 0], "sigmas": ["33", 0],
      "latent_image": ["7", 0]}})");
  graph["30"] =
      ordered_json::parse(R"({"class_type": "RandomNoise", "inputs": {"noise_seed": 1}})");
  graph["31"] = ordered_json::parse(R"({"class_type": "CFGGuider", "inputs": {
      "model": ["4", 0], "positive": ["5", 0], "negative": ["6", 0], "cfg": 2.0}})");
  graph["32"] = ordered_json::parse(
      R"({"class_type": "KSamplerSelect", "inputs": {"sampler_name": "euler"}})");
  graph["33"] = ordered_json::parse(R"({"class_type": "BasicScheduler", "inputs": {
      "model": ["4", 0], "scheduler": "simple", "steps": 4, "denoise": 1.0}})");
  EXPECT_EQ(changed("prompt", "cat", graph)["5"]["inputs"]["text"], "cat");
  EXPECT_EQ(changed("negative", "dog", graph)["6"]["inputs"]["text"], "dog");
  EXPECT_EQ(changed("seed", 9, graph)["30"]["inputs"]["noise_seed"], 9);
  EXPECT_EQ(changed("steps", 9, graph)["33"]["inputs"]["steps"], 9);
  EXPECT_EQ(changed("cfg", 9.0, graph)["31"]["inputs"]["cfg"], 9.0);
  EXPECT_EQ(changed("sampler", "lcm", graph)["32"]["inputs"]["sampler_name"], "lcm");
}

TEST(Shortcut, AsksWhereItIsUnclearWhichOneIsMeant) {
  ordered_json graph = plain_workflow();
  graph["11"] = graph["5"];
  graph["11"]["inputs"]["text"] = "another";
  graph["12"] = graph["8"];
  graph["12"]["inputs"]["positive"] = {"11", 0};
  graph["13"] = graph["9"];
  graph["13"]["inputs"]["samples"] = {"12", 0};
  graph["14"] = graph["10"];
  graph["14"]["inputs"]["images"] = {"13", 0};
  const Error error = expect_error([&] { changed("prompt", "cat", graph); });
  EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::kUsage));
  expect_contains(error.what(), "CLIPTextEncode (node 5): `text` is \"1girl\"");
  expect_contains(error.what(), "CLIPTextEncode (node 11): `text` is \"another\"");
  // Both samplers get the seed.
  const ordered_json seeded = changed("seed", 5, graph);
  EXPECT_EQ(seeded["8"]["inputs"]["seed"], 5);
  EXPECT_EQ(seeded["12"]["inputs"]["seed"], 5);
}

TEST(Shortcut, WithoutANodeIsAnError) {
  ordered_json graph = plain_workflow();
  graph.erase("7");
  expect_error(ErrorKind::kUsage, "--width: no node", [&] { changed("width", 64, graph); });
}

// --- zanime graph

TEST(Outline, ShowsTheTreeAndMarksWhatIsMissing) {
  ordered_json graph = plain_workflow();
  graph["3"]["inputs"]["vae_name"] = "other.safetensors";
  graph["4"]["class_type"] = "Frobnicate";
  graph["6"]["inputs"]["clip"] = {"99", 0};
  graph["20"] = graph["7"];
  const std::string text = graph_tree(graph, every_node(), workflow_files());
  expect_contains(text, "SaveImage (node 10)\n  filename_prefix = \"test\"\n  images: VAEDecode");
  expect_contains(text, "      model: Frobnicate (node 4)  [unknown node]\n");
  expect_contains(text, "vae_name = \"other.safetensors\"  [missing file]");
  expect_contains(text, "clip: node \"99\"  [not in the graph]");
  expect_contains(text, "needed by no output:\n  EmptyLatentImage (node 20)");

  const ordered_json outline = graph_outline(graph, every_node(), workflow_files());
  EXPECT_EQ(outline["outputs"], ordered_json::array({"10"}));
  EXPECT_EQ(outline["nodes"][2]["missing_files"], ordered_json::array({"vae_name"}));
  EXPECT_EQ(outline["nodes"][3]["known"], false);
  EXPECT_EQ(outline["nodes"][10]["needed"], false);
}

TEST(Outline, NamesANodeThatWasShownOnlyOnce) {
  const std::string text = graph_tree(plain_workflow(), every_node(), workflow_files());
  expect_contains(text, "clip: CLIPLoader (node 2)  (see above)");
}

TEST(Outline, EndsForCirclesAndMalformedNodes) {
  ordered_json graph = plain_workflow();
  graph["4"]["inputs"]["model"] = {"8", 0};
  graph["5"] = 7;
  graph["6"]["inputs"] = "none";
  expect_contains(graph_tree(graph, every_node(), workflow_files()),
                  "KSampler (node 8)  (see above)");
  EXPECT_EQ(graph_outline(graph, every_node(), workflow_files())["nodes"].size(), 10u);
}

}  // namespace
}  // namespace zanime::graph
