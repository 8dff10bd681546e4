// Nodes of other packs, each held to the same workflow written without them.
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/read_graph.h"
#include "graph/workflow/adapter_stacks.h"
#include "graph/workflow/to_api.h"
#include "tests/support/editor_workflow.h"
#include "tests/support/expect_error.h"
#include "tests/support/fake_model_files.h"
#include "tests/support/sample_graphs.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;
using namespace zanime::testing;

class OtherPacks : public ::testing::Test {
 protected:
  // What runs, without titles.
  ordered_json what_runs(const ordered_json& json) {
    ordered_json graph = read_graph(json, registry, files, &warnings).json;
    for (auto& [id, node] : graph.items()) node.erase("_meta");
    return graph;
  }
  // By key, so that the order of nodes and inputs does not count.
  void expect_plain(const ordered_json& json) {
    EXPECT_EQ(nlohmann::json::parse(what_runs(json).dump()),
              nlohmann::json::parse(what_runs(plain_editor_workflow()).dump()));
  }
  static ordered_json& at(ordered_json& workflow, size_t id) { return workflow["nodes"][id - 1]; }
  static void append(ordered_json& workflow, ordered_json node) {
    workflow["nodes"].push_back(std::move(node));
  }
  static void connect(ordered_json& workflow, const std::string& link) {
    workflow["links"].push_back(ordered_json::parse(link));
  }
  // Takes a link out of the file.
  static void cut(ordered_json& workflow, int id, size_t target, size_t slot) {
    ordered_json kept = ordered_json::array();
    for (const ordered_json& link : workflow["links"]) {
      if (link[0] != id) kept.push_back(link);
    }
    workflow["links"] = kept;
    at(workflow, target)["inputs"][slot]["link"] = nullptr;
  }

  const NodeRegistry registry = NodeRegistry::standard(/*with_extra_nodes=*/true);
  const FakeModelFiles files{{{"diffusion_models", {"dit.safetensors"}},
                              {"text_encoders", {"qwen.safetensors"}},
                              {"vae", {"ae.safetensors"}},
                              {"loras", {"style.safetensors", "more/line.safetensors"}}}};
  std::vector<std::string> warnings;
};

// --- Adapters

// The plain graph with a stack between the loaders and what uses them.
ordered_json with_stack(const std::string& class_type, const std::string& inputs) {
  ordered_json graph = plain_workflow();
  ordered_json given = ordered_json::parse(inputs);
  given["model"] = {"1", 0};
  given["clip"] = {"2", 0};
  graph["20"] = {{"class_type", class_type}, {"inputs", given}};
  graph["4"]["inputs"]["model"] = {"20", 0};
  graph["5"]["inputs"]["clip"] = {"20", 1};
  graph["6"]["inputs"]["clip"] = {"20", 1};
  return graph;
}

TEST_F(OtherPacks, AStackIsAChainOfLoaders) {
  const std::vector<std::pair<std::string, std::string>> stacks = {
      {"Power Lora Loader (rgthree)",
       R"({"PowerLoraLoaderHeaderWidget": {"type": "PowerLoraLoaderHeaderWidget"},
           "lora_1": {"on": true, "lora": "style.safetensors", "strength": 0.5},
           "lora_2": {"on": false, "lora": "off.safetensors", "strength": 1},
           "lora_3": {"on": true, "lora": "more/line.safetensors", "strength": 1, "strengthTwo": 0},
           "lora_4": {"on": true, "lora": "None", "strength": 1}, "➕ Add Lora": ""})"},
      {"Lora Loader (LoraManager)",
       R"({"text": "", "loras": {"__value__": [
            {"name": "style", "strength": 0.5, "active": true},
            {"name": "off", "strength": 0.5, "active": false},
            {"name": "more/line", "strength": 1, "clipStrength": 0, "active": true}]}})"},
  };
  for (const auto& [class_type, inputs] : stacks) {
    const ordered_json graph = what_runs(with_stack(class_type, inputs));
    ASSERT_TRUE(graph.contains("20:1") && graph.contains("20:2")) << graph.dump();
    EXPECT_FALSE(graph.contains("20"));
    EXPECT_EQ(graph["20:1"], ordered_json::parse(R"({"class_type": "LoraLoader", "inputs": {
        "model": ["1", 0], "clip": ["2", 0], "lora_name": "style.safetensors",
        "strength_model": 0.5, "strength_clip": 0.5}})"));
    EXPECT_EQ(graph["20:2"], ordered_json::parse(R"({"class_type": "LoraLoader", "inputs": {
        "model": ["20:1", 0], "clip": ["20:1", 1], "lora_name": "more/line.safetensors",
        "strength_model": 1.0, "strength_clip": 0.0}})"));
    EXPECT_EQ(graph["4"]["inputs"]["model"], (ordered_json{"20:2", 0}));
    EXPECT_EQ(graph["5"]["inputs"]["clip"], (ordered_json{"20:2", 1}));
  }
}

TEST_F(OtherPacks, AStackWithoutRowsHandsOn) {
  ordered_json graph =
      with_stack("Power Lora Loader (rgthree)",
                 R"({"lora_1": {"on": false, "lora": "style.safetensors", "strength": 1}})");
  expect_plain(graph);
  graph["21"] = graph["20"];
  graph["21"]["inputs"]["model"] = {"20", 0};
  graph["21"]["inputs"]["clip"] = {"20", 1};
  graph["4"]["inputs"]["model"] = {"21", 0};
  expect_plain(graph);
}

TEST_F(OtherPacks, AStackWithoutATextEncoderChangesTheModelAlone) {
  ordered_json graph =
      with_stack("Lora Loader Stack (rgthree)", R"({"lora_01": "None", "strength_01": 1,
          "lora_02": "style.safetensors", "strength_02": 0.25})");
  graph["20"]["inputs"].erase("clip");
  graph["5"]["inputs"]["clip"] = graph["6"]["inputs"]["clip"] = {"2", 0};
  EXPECT_EQ(what_runs(graph)["20:1"],
            ordered_json::parse(R"({"class_type": "LoraLoaderModelOnly", "inputs": {
                "model": ["1", 0], "lora_name": "style.safetensors", "strength_model": 0.25}})"));
}

TEST_F(OtherPacks, AStackTakesWhatOthersList) {
  ordered_json graph = with_stack("CR Apply LoRA Stack", R"({"lora_stack": ["22", 0]})");
  graph["21"] = ordered_json::parse(R"({"class_type": "LoRA Stacker", "inputs": {
      "input_mode": "simple", "lora_count": 1, "lora_name_1": "style.safetensors", "lora_wt_1": 0.5,
      "lora_name_2": "style.safetensors", "lora_wt_2": 2}})");
  graph["22"] = ordered_json::parse(R"({"class_type": "CR LoRA Stack", "inputs": {
      "lora_stack": ["21", 0], "switch_1": "Off", "lora_name_1": "style.safetensors",
      "switch_2": "On", "lora_name_2": "more/line.safetensors", "model_weight_2": 0.75,
      "clip_weight_2": 0.5, "switch_3": "On", "lora_name_3": "None"}})");
  const ordered_json made = what_runs(graph);
  EXPECT_FALSE(made.contains("21") || made.contains("22") || made.contains("20:3"));
  EXPECT_EQ(made["20:1"]["inputs"]["lora_name"], "style.safetensors");
  EXPECT_EQ(made["20:2"]["inputs"]["strength_model"], 0.75);
  EXPECT_EQ(made["20:2"]["inputs"]["strength_clip"], 0.5);
}

TEST_F(OtherPacks, RowsOfTheEditorsFormAreRead) {
  ordered_json workflow = plain_editor_workflow();
  append(workflow, editor_node(20, "Power Lora Loader (rgthree)",
                               R"([{"name": "model", "type": "MODEL", "link": 20},
                                   {"name": "clip", "type": "CLIP", "link": 21}])",
                               R"([{"name": "MODEL", "type": "MODEL"},
                                   {"name": "CLIP", "type": "CLIP"}])",
                               R"([{}, {"type": "PowerLoraLoaderHeaderWidget"},
                                   {"on": true, "lora": "style.safetensors", "strength": 0.5,
                                    "strengthTwo": null}, {}, ""])"));
  workflow["links"][0][1] = 20;
  connect(workflow, R"([20, 1, 0, 20, 0, "MODEL"])");
  connect(workflow, R"([21, 2, 0, 20, 1, "CLIP"])");
  const ordered_json graph = what_runs(workflow);
  EXPECT_EQ(graph["20:1"]["inputs"]["strength_clip"], 0.5);
  EXPECT_EQ(graph["4"]["inputs"]["model"], (ordered_json{"20:1", 0}));
}

TEST_F(OtherPacks, StacksInACircleEnd) {
  ordered_json graph = with_stack("Power Lora Loader (rgthree)", "{}");
  graph["20"]["inputs"]["model"] = {"20", 0};
  expect_error(ErrorKind::kGraph, "the required input `model`", [&] { what_runs(graph); });
  graph = with_stack("CR Apply LoRA Stack", R"({"lora_stack": ["21", 0]})");
  graph["21"] = ordered_json::parse(
      R"({"class_type": "CR LoRA Stack", "inputs": {"lora_stack": ["21", 0]}})");
  expect_plain(graph);
}

// --- Switches and constants

TEST_F(OtherPacks, SwitchesHandOnWhatIsChosen) {
  ordered_json graph = plain_workflow();
  graph["20"] = ordered_json::parse(
      R"({"class_type": "easy ifElse", "inputs": {"boolean": ["21", 0], "on_true": ["1", 0],
          "on_false": ["99", 0]}})");
  graph["21"] = ordered_json::parse(R"({"class_type": "BOOLConstant", "inputs": {"value": true}})");
  graph["4"]["inputs"]["model"] = {"20", 0};
  graph["22"] = ordered_json::parse(
      R"({"class_type": "ImpactSwitch", "inputs": {"select": 2, "sel_mode": false,
          "input1": ["6", 0], "input2": ["5", 0]}})");
  graph["8"]["inputs"]["positive"] = {"22", 0};
  graph["23"] =
      ordered_json::parse(R"({"class_type": "StringConstant", "inputs": {"string": "1girl"}})");
  graph["5"]["inputs"]["text"] = {"23", 0};
  expect_plain(graph);
  graph["22"]["inputs"]["select"] = 0;  // they count from one
  expect_error(ErrorKind::kGraph, "ImpactSwitch (node 22): its input `select` must be",
               [&] { what_runs(graph); });
}

// Whatever the switch, the node that computes what it hands on decides as the graph runs.
TEST_F(OtherPacks, AComputedChoiceIsASwitchOfComfyUI) {
  ordered_json graph = plain_workflow();
  graph["20"] = ordered_json::parse(
      R"({"class_type": "easy ifElse", "inputs": {"boolean": ["21", 0], "on_true": ["1", 0],
          "on_false": ["4", 0]}})");
  graph["21"] = ordered_json::parse(
      R"({"class_type": "ImpactCompare", "inputs": {"cmp": "a = b", "a": 1, "b": 2}})");
  graph["8"]["inputs"]["model"] = {"20", 0};
  ordered_json made = what_runs(graph);
  EXPECT_EQ(made["8"]["inputs"]["model"], (ordered_json{"20:switch", 0}));
  EXPECT_EQ(made["20:switch"], ordered_json::parse(R"({"class_type": "ComfySwitchNode", "inputs": {
      "switch": ["21", 0], "on_false": ["4", 0], "on_true": ["1", 0]}})"));

  graph["20"] = ordered_json::parse(
      R"({"class_type": "ImpactSwitch", "inputs": {"select": ["21", 0], "sel_mode": false,
          "input1": ["1", 0], "input3": ["4", 0], "input4": ["1", 0]}})");
  graph["21"] = ordered_json::parse(
      R"({"class_type": "easy mathInt", "inputs": {"a": 1, "b": 2, "operation": "add"}})");
  made = what_runs(graph);
  EXPECT_EQ(made["8"]["inputs"]["model"], (ordered_json{"20:switch", 0}));
  EXPECT_EQ(made["20:switch"]["inputs"],
            ordered_json::parse(
                R"({"switch": ["20:is", 2], "on_false": ["20:switch2", 0], "on_true": ["1", 0]})"));
  EXPECT_EQ(made["20:switch2"]["inputs"],
            ordered_json::parse(
                R"({"switch": ["20:is2", 2], "on_false": ["1", 0], "on_true": ["4", 0]})"));
  EXPECT_EQ(made["20:is2"]["inputs"],
            ordered_json::parse(R"({"expression": "a == 3", "values.a": ["21", 0]})"));
}

TEST_F(OtherPacks, ASwitchMayTakeWhatThereIs) {
  ordered_json graph = plain_workflow();
  graph["20"] = ordered_json::parse(
      R"({"class_type": "TwoWaySwitch", "inputs": {"selection_setting": 2, "input_1": ["1", 0]}})");
  graph["4"]["inputs"]["model"] = {"20", 0};
  expect_plain(graph);
}

TEST_F(OtherPacks, EachOutputOfAConfigurationIsAValue) {
  ordered_json workflow = plain_editor_workflow();
  append(workflow,
         editor_node(20, "KSampler Config (rgthree)", "[]",
                     R"([{"name": "STEPS", "type": "INT"}, {"name": "REFINER_STEP", "type": "INT"},
                         {"name": "CFG", "type": "FLOAT"}, {"name": "SAMPLER", "type": "*"},
                         {"name": "SCHEDULER", "type": "*"}])",
                     R"([8, 4, 1.0, "euler", "simple"])"));
  at(workflow, 8)["widgets_values"] =
      ordered_json::parse(R"([42, "fixed", 1, 9.0, "heun", "karras", 1.0])");
  int link = 50;
  for (const auto& [name, slot] : {std::pair{"steps", 0}, std::pair{"cfg", 2},
                                   std::pair{"sampler_name", 3}, std::pair{"scheduler", 4}}) {
    at(workflow, 8)["inputs"].push_back(
        {{"name", name}, {"type", "*"}, {"widget", {{"name", name}}}, {"link", link}});
    workflow["links"].push_back({link, 20, slot, 8, at(workflow, 8)["inputs"].size() - 1, "*"});
    ++link;
  }
  expect_plain(workflow);
}

TEST_F(OtherPacks, ContextsHandOnWhatTheyHold) {
  ordered_json graph = plain_workflow();
  graph["20"] = ordered_json::parse(
      R"json({"class_type": "Context (rgthree)", "inputs": {"model": ["1", 0], "clip":
          ["2", 0], "vae": ["99", 0]}})json");
  graph["21"] = ordered_json::parse(
      R"json({"class_type": "Context Big (rgthree)", "inputs": {"base_ctx": ["20", 0],
          "vae": ["3", 0], "steps": 8}})json");
  graph["22"] = ordered_json::parse(
      R"json({"class_type": "Context Switch Big (rgthree)", "inputs": {"ctx_01": ["23", 0],
          "ctx_02": ["21", 0], "ctx_03": ["20", 0]}})json");
  graph["23"] = ordered_json::parse(R"json({"class_type": "Context (rgthree)", "inputs": {}})json");
  graph["4"]["inputs"]["model"] = {"22", 1};
  graph["5"]["inputs"]["clip"] = {"21", 2};
  graph["9"]["inputs"]["vae"] = {"22", 3};
  graph["8"]["inputs"]["steps"] = {"22", 9};
  expect_plain(graph);
}

TEST_F(OtherPacks, OfContextsThatMergeTheLastCounts) {
  ordered_json graph = plain_workflow();
  graph["20"] = ordered_json::parse(
      R"json({"class_type": "Context (rgthree)", "inputs": {"model": ["1", 0], "seed": 1}})json");
  graph["21"] =
      ordered_json::parse(R"json({"class_type": "Context (rgthree)", "inputs": {"seed": 42}})json");
  graph["22"] = ordered_json::parse(
      R"json({"class_type": "Context Merge (rgthree)", "inputs": {"ctx_01": ["20", 0],
          "ctx_02": ["21", 0]}})json");
  graph["4"]["inputs"]["model"] = {"22", 1};
  graph["8"]["inputs"]["seed"] = {"22", 8};
  expect_plain(graph);
  graph["20"]["inputs"]["base_ctx"] = {"22", 0};
  graph["4"]["inputs"]["model"] = {"22", 2};
  expect_error(ErrorKind::kGraph, "form a circle", [&] { what_runs(graph); });
}

TEST_F(OtherPacks, PipesHandOnWhatTheyHold) {
  ordered_json graph = plain_workflow();
  graph["20"] = ordered_json::parse(
      R"({"class_type": "ToBasicPipe", "inputs": {"model": ["4", 0], "clip": ["2", 0],
          "vae": ["3", 0], "positive": ["6", 0], "negative": ["6", 0]}})");
  graph["21"] = ordered_json::parse(
      R"({"class_type": "EditBasicPipe", "inputs": {"basic_pipe": ["20", 0], "positive": ["5", 0]}})");
  graph["22"] = ordered_json::parse(
      R"({"class_type": "FromBasicPipe", "inputs": {"basic_pipe": ["21", 0]}})");
  graph["8"]["inputs"]["model"] = {"22", 0};
  graph["8"]["inputs"]["positive"] = {"22", 3};
  graph["9"]["inputs"]["vae"] = {"22", 2};
  expect_plain(graph);
}

// --- Outputs that cannot run

TEST_F(OtherPacks, AnOutputThatCannotRunIsLeftOut) {
  ordered_json graph = plain_workflow();
  graph["30"] = ordered_json::parse(
      R"({"class_type": "SeedVR2VideoUpscaler", "inputs": {"image": ["9", 0]},
          "_meta": {"title": "Larger", "pack": "seedvr2_videoupscaler"}})");
  graph["31"] = ordered_json::parse(
      R"({"class_type": "SaveImage", "inputs": {"images": ["30", 0], "filename_prefix": "b"}})");
  graph["32"] =
      ordered_json::parse(R"({"class_type": "SaveImage", "inputs": {"filename_prefix": "c"}})");
  const Graph read = read_graph(graph, registry, files, &warnings);
  EXPECT_NE(read.find("10"), nullptr);
  EXPECT_EQ(read.find("30"), nullptr);
  EXPECT_EQ(read.find("31"), nullptr);
  EXPECT_EQ(read.find("32"), nullptr);
  ASSERT_EQ(warnings.size(), 3u);
  EXPECT_EQ(warnings[0],
            "SaveImage (node 31): left out, and the rest is run without it, as it needs "
            "SeedVR2VideoUpscaler (node 30, \"Larger\"): unknown node type of the pack "
            "\"seedvr2_videoupscaler\"; `zanime nodes` lists those there are");
  EXPECT_NE(warnings[1].find("the required input `images` (IMAGE) is missing"), std::string::npos);
}

TEST_F(OtherPacks, WithoutAPictureThatIsDrawnAllThatIsUnknownIsAnError) {
  ordered_json graph = plain_workflow();
  graph["30"] = ordered_json::parse(R"({"class_type": "LoadImage", "inputs": {"image": "a.png"}})");
  graph["31"] =
      ordered_json::parse(R"({"class_type": "PreviewImage", "inputs": {"images": ["30", 0]}})");
  graph["8"]["class_type"] = "Sampler of a pack";
  expect_error(ErrorKind::kGraph, "Sampler of a pack (node 8): unknown node type",
               [&] { what_runs(graph); });
}

// --- Group nodes

// EmptyLatentImage and KSampler as one group node with the id 7.
ordered_json grouped_workflow() {
  ordered_json workflow = plain_editor_workflow();
  const ordered_json empty = workflow["nodes"][6], sampler = workflow["nodes"][7];
  ordered_json group =
      editor_node(7, "workflow>Draw",
                  R"([{"name": "model", "type": "MODEL", "link": 4},
                                       {"name": "positive", "type": "CONDITIONING", "link": 5},
                                       {"name": "negative", "type": "CONDITIONING", "link": 6}])",
                  R"([{"name": "LATENT", "type": "LATENT"}])",
                  R"([64, 64, 1, 42, "randomize", 8, 1.0, "euler", "simple", 1.0])");
  workflow["nodes"][6] = group;
  workflow["nodes"].erase(7);
  ordered_json links = ordered_json::array();
  for (ordered_json link : workflow["links"]) {
    if (link[0] == 7) continue;
    if (link[3] == 8) link[3] = 7;
    if (link[1] == 8) link[1] = 7;
    links.push_back(link);
  }
  workflow["links"] = links;
  ordered_json inside = ordered_json::array({empty, sampler});
  for (size_t i = 0; i < 2; ++i) {
    inside[i].erase("id");
    inside[i]["index"] = i;
    inside[i]["widgets_values"][0] = 1;  // the values of the group count
  }
  workflow["extra"]["groupNodes"]["Draw"] = {
      {"nodes", inside},
      {"links", ordered_json::parse(R"([[0, 0, 1, 3, 7, "LATENT"]])")},
      {"external", ordered_json::parse(R"([[1, 0, "LATENT"]])")}};
  return workflow;
}

TEST_F(OtherPacks, AGroupNodeIsTakenApart) {
  ordered_json expected = what_runs(plain_editor_workflow());
  const ordered_json graph = what_runs(grouped_workflow());
  EXPECT_EQ(graph["7:0"], expected["7"]);
  expected["8"]["inputs"]["latent_image"] = {"7:0", 0};
  EXPECT_EQ(nlohmann::json::parse(graph["7:1"].dump()),
            nlohmann::json::parse(expected["8"].dump()));
  EXPECT_EQ(graph["9"]["inputs"]["samples"], (ordered_json{"7:1", 0}));
  EXPECT_EQ(graph.size(), expected.size());
}

TEST_F(OtherPacks, AWidgetOfAGroupNodeCanBeLinked) {
  ordered_json workflow = grouped_workflow();
  workflow["nodes"][6]["inputs"].push_back(ordered_json::parse(
      R"({"name": "KSampler seed", "type": "INT", "widget": {"name": "KSampler seed"}, "link": 30})"));
  append(workflow, editor_node(30, "PrimitiveNode", "[]", R"([{"name": "INT", "type": "INT"}])",
                               R"([77, "fixed"])"));
  connect(workflow, R"([30, 30, 0, 7, 3, "INT"])");
  EXPECT_EQ(what_runs(workflow)["7:1"]["inputs"]["seed"], 77);
}

TEST_F(OtherPacks, AGroupNodeThatTheFileDoesNotHoldIsCalledOne) {
  ordered_json workflow = grouped_workflow();
  workflow["extra"].erase("groupNodes");
  expect_error(ErrorKind::kGraph, "workflow>Draw (node 7): is a group node",
               [&] { what_runs(workflow); });
}

// --- Links that are not in the file

TEST_F(OtherPacks, UseEverywhereGivesToInputsOfItsType) {
  ordered_json workflow = plain_editor_workflow();
  cut(workflow, 2, 5, 0);
  cut(workflow, 3, 6, 0);
  cut(workflow, 9, 9, 1);
  append(workflow, editor_node(40, "Anything Everywhere3",
                               R"([{"name": "anything", "type": "*", "link": 40},
                                   {"name": "anything2", "type": "*", "link": 41}])",
                               "[]", "[]"));
  connect(workflow, R"([40, 2, 0, 40, 0, "CLIP"])");
  connect(workflow, R"([41, 3, 0, 40, 1, "VAE"])");
  expect_plain(workflow);
}

TEST_F(OtherPacks, UseEverywhereGoesByTheNamesOfPrompts) {
  ordered_json workflow = plain_editor_workflow();
  cut(workflow, 5, 8, 1);
  cut(workflow, 6, 8, 2);
  append(workflow, editor_node(40, "Prompts Everywhere",
                               R"([{"name": "+ve", "type": "*", "link": 40},
                                   {"name": "-ve", "type": "*", "link": 41}])",
                               "[]", "[]"));
  connect(workflow, R"([40, 5, 0, 40, 0, "CONDITIONING"])");
  connect(workflow, R"([41, 6, 0, 40, 1, "CONDITIONING"])");
  expect_plain(workflow);
}

TEST_F(OtherPacks, UseEverywhereFollowsItsRecord) {
  ordered_json workflow = plain_editor_workflow();
  cut(workflow, 9, 9, 1);
  append(workflow, editor_node(40, "Anything Everywhere?",
                               R"([{"name": "anything", "type": "*", "link": 40}])", "[]",
                               R"(["VAE.*", ".*", ".*"])"));
  connect(workflow, R"([40, 3, 0, 40, 0, "VAE"])");
  expect_error(ErrorKind::kGraph, "`vae` (VAE) is missing", [&] { what_runs(workflow); });
  EXPECT_NE(warnings.at(0).find("Anything Everywhere? (node 40): gives its inputs to others"),
            std::string::npos);
  workflow["extra"]["ue_links"] = ordered_json::parse(
      R"([{"downstream": 9, "downstream_slot": 1, "upstream": "3", "upstream_slot": 0,
           "controller": 40, "type": "VAE"}])");
  expect_plain(workflow);
}

TEST_F(OtherPacks, SettersOfEasyUseAreFollowed) {
  ordered_json workflow = plain_editor_workflow();
  append(workflow, editor_node(40, "easy setNode", R"([{"name": "VAE", "type": "VAE", "link": 9}])",
                               R"([{"name": "*", "type": "*"}])", R"(["mine"])"));
  append(workflow, editor_node(41, "easy getNode", "[]", R"([{"name": "VAE", "type": "VAE"}])",
                               R"(["mine"])"));
  workflow["links"][8][3] = 40;
  workflow["links"][8][4] = 0;
  at(workflow, 9)["inputs"][1]["link"] = 41;
  connect(workflow, R"([41, 41, 0, 9, 1, "VAE"])");
  expect_plain(workflow);
}

TEST_F(OtherPacks, OldControlsOfSeedsAreNoValues) {
  for (const bool control : {true, false}) {
    ordered_json workflow = plain_editor_workflow();
    at(workflow, 8)["widgets_values"][1] = control;
    expect_plain(workflow);
  }
}

}  // namespace
}  // namespace zanime::graph
