// `zanime run` and `zanime graph` on workflows built as people's are: subgraphs that show widgets
// of their inside, values that come from a node beside, switches and seeds of other packs, two
// passes.
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "pictures/picture_file.h"
#include "pictures/picture_info.h"
#include "pictures/picture_reader.h"
#include "tests/support/editor_workflow.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden.h"
#include "tests/support/program_test.h"
#include "tests/support/random_tensor.h"

namespace zanime::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::ordered_json;
using namespace zanime::testing;

// The plain workflow in the editor's form with files that are there, 64 x 64, two steps.
ordered_json plain() {
  ordered_json workflow = plain_editor_workflow();
  workflow["nodes"][0]["widgets_values"] = {"tiny-dit-fp8.safetensors", "default"};
  workflow["nodes"][1]["widgets_values"] = {"tiny-qwen3-fp8.safetensors", "lumina2", "default"};
  workflow["nodes"][2]["widgets_values"] = {"tiny-vae-full-fp32.safetensors"};
  workflow["nodes"][7]["widgets_values"][2] = 2;
  return workflow;
}

// A subgraph that makes a picture: its inputs `text`, `width_1` (shown as `width`) and `model` go
// to nodes within; the seed of node 8 is an input of the subgraph that its node lacks; names of
// files that are not there, as templates have them; the negative prompt is the positive one zeroed.
ordered_json picture_subgraph() {
  return ordered_json::parse(R"json({
    "id": "bbbb-picture", "name": "Text to Image",
    "inputNode": {"id": -10}, "outputNode": {"id": -20},
    "inputs": [{"name": "text", "type": "STRING", "label": "positive_prompt"},
               {"name": "width_1", "type": "INT", "label": "width"},
               {"name": "unet_name", "type": "COMBO"}, {"name": "seed", "type": "INT"}],
    "outputs": [{"name": "IMAGE", "type": "IMAGE"}],
    "nodes": [
      {"id": 1, "type": "UNETLoader", "mode": 0, "inputs": [
         {"name": "unet_name", "type": "COMBO", "widget": {"name": "unet_name"}, "link": 103}],
       "outputs": [{"name": "MODEL", "type": "MODEL"}],
       "widgets_values": ["released.safetensors", "default"]},
      {"id": 2, "type": "CLIPLoader", "mode": 0, "inputs": [],
       "outputs": [{"name": "CLIP", "type": "CLIP"}],
       "widgets_values": ["released-qwen.safetensors", "lumina2", "default"]},
      {"id": 3, "type": "VAELoader", "mode": 0, "inputs": [],
       "outputs": [{"name": "VAE", "type": "VAE"}],
       "widgets_values": ["tiny-vae-full-fp32.safetensors"]},
      {"id": 5, "type": "CLIPTextEncode", "mode": 0, "inputs": [
         {"name": "clip", "type": "CLIP", "link": 1},
         {"name": "text", "type": "STRING", "widget": {"name": "text"}, "link": 101}],
       "outputs": [{"name": "CONDITIONING", "type": "CONDITIONING"}],
       "widgets_values": ["{red|blue|green|white|black} hair // as you like"]},
      {"id": 6, "type": "ConditioningZeroOut", "mode": 0, "inputs": [
         {"name": "conditioning", "type": "CONDITIONING", "link": 3}],
       "outputs": [{"name": "CONDITIONING", "type": "CONDITIONING"}], "widgets_values": []},
      {"id": 7, "type": "EmptySD3LatentImage", "mode": 0, "inputs": [
         {"name": "width", "type": "INT", "widget": {"name": "width"}, "link": 102}],
       "outputs": [{"name": "LATENT", "type": "LATENT"}], "widgets_values": [1024, 64, 1]},
      {"id": 8, "type": "KSampler", "mode": 0, "inputs": [
         {"name": "model", "type": "MODEL", "link": 2},
         {"name": "positive", "type": "CONDITIONING", "link": 4},
         {"name": "negative", "type": "CONDITIONING", "link": 5},
         {"name": "latent_image", "type": "LATENT", "link": 6},
         {"name": "seed", "type": "INT", "widget": {"name": "seed"}, "link": 104}],
       "outputs": [{"name": "LATENT", "type": "LATENT"}],
       "widgets_values": [677498465340151, "randomize", 2, 1, "res_multistep", "simple", 1]},
      {"id": 9, "type": "VAEDecode", "mode": 0, "inputs": [
         {"name": "samples", "type": "LATENT", "link": 7}, {"name": "vae", "type": "VAE", "link": 8}],
       "outputs": [{"name": "IMAGE", "type": "IMAGE"}], "widgets_values": []}],
    "links": [
      {"id": 1, "origin_id": 2, "origin_slot": 0, "target_id": 5, "target_slot": 0},
      {"id": 2, "origin_id": 1, "origin_slot": 0, "target_id": 8, "target_slot": 0},
      {"id": 3, "origin_id": 5, "origin_slot": 0, "target_id": 6, "target_slot": 0},
      {"id": 4, "origin_id": 5, "origin_slot": 0, "target_id": 8, "target_slot": 1},
      {"id": 5, "origin_id": 6, "origin_slot": 0, "target_id": 8, "target_slot": 2},
      {"id": 6, "origin_id": 7, "origin_slot": 0, "target_id": 8, "target_slot": 3},
      {"id": 7, "origin_id": 8, "origin_slot": 0, "target_id": 9, "target_slot": 0},
      {"id": 8, "origin_id": 3, "origin_slot": 0, "target_id": 9, "target_slot": 1},
      {"id": 9, "origin_id": 9, "origin_slot": 0, "target_id": -20, "target_slot": 0},
      {"id": 101, "origin_id": -10, "origin_slot": 0, "target_id": 5, "target_slot": 1},
      {"id": 102, "origin_id": -10, "origin_slot": 1, "target_id": 7, "target_slot": 0},
      {"id": 103, "origin_id": -10, "origin_slot": 2, "target_id": 1, "target_slot": 0},
      {"id": 104, "origin_id": -10, "origin_slot": 3, "target_id": 8, "target_slot": 4}]})json");
}

// That subgraph between a ResolutionSelector and a SaveImageAdvanced, with notes beside.
ordered_json subgraph_workflow() {
  ordered_json instance = editor_node(57, "bbbb-picture", R"([
        {"label": "positive_prompt", "name": "text", "type": "STRING", "widget": {"name": "text"},
         "link": null},
        {"label": "width", "name": "width_1", "type": "INT", "widget": {"name": "width_1"},
         "link": 20},
        {"name": "unet_name", "type": "COMBO", "widget": {"name": "unet_name"}, "link": null}])",
                                      R"([{"name": "IMAGE", "type": "IMAGE"}])", "[]");
  instance["properties"] = ordered_json::parse(R"({"proxyWidgets": [["5", "text"], ["7", "width"],
    ["1", "unet_name"], ["8", "seed"], ["8", "control_after_generate"]]})");
  ordered_json workflow = ordered_json::object();
  workflow["nodes"] = {
      editor_node(35, "MarkdownNote", "[]", "[]", R"(["## Model links"])"), instance,
      editor_node(94, "ResolutionSelector", "[]",
                  R"([{"name": "width", "type": "INT"}, {"name": "height", "type": "INT"}])",
                  R"json(["1:1 (Square)", 0.1, 8])json"),
      editor_node(95, "SaveImageAdvanced", R"([{"name": "images", "type": "IMAGE", "link": 21}])",
                  R"([{"name": "images", "type": "IMAGE"}])",
                  R"(["%KSampler.sampler_name%_%EmptySD3LatentImage.height%", "png", "8-bit",
                      "sRGB"])")};
  workflow["links"] =
      ordered_json::parse(R"([[20, 94, 0, 57, 1, "INT"], [21, 57, 0, 95, 0, "IMAGE"]])");
  workflow["definitions"] = {{"subgraphs", {picture_subgraph()}}};
  workflow["version"] = 0.4;
  return workflow;
}

// In API form, with nodes of other packs: one switch for all three outputs of a checkpoint, a seed
// that means a random one, a second pass over the enlarged picture, viewers and toggles.
ordered_json switched_workflow() {
  return ordered_json::parse(R"json({
    "2": {"class_type": "ModelSamplingAuraFlow", "inputs": {"model": ["96", 0], "shift": 3.5}},
    "6": {"class_type": "EmptyLatentImage",
          "inputs": {"width": 1024, "height": 1536, "batch_size": 1}},
    "11": {"class_type": "VAEDecode", "inputs": {"samples": ["17", 0], "vae": ["98", 0]}},
    "12": {"class_type": "VAEDecode", "inputs": {"samples": ["14", 0], "vae": ["98", 0]}},
    "13": {"class_type": "Image Comparer (rgthree)",
           "inputs": {"image_a": ["11", 0], "image_b": ["12", 0]}},
    "14": {"class_type": "KSampler", "inputs": {
      "model": ["2", 0], "positive": ["20", 0], "negative": ["21", 0], "latent_image": ["45", 0],
      "seed": ["54", 0], "steps": 10, "cfg": 1, "sampler_name": "euler", "scheduler": "beta",
      "denoise": 0.4}},
    "17": {"class_type": "KSampler", "inputs": {
      "model": ["2", 0], "positive": ["20", 0], "negative": ["21", 0], "latent_image": ["6", 0],
      "seed": ["54", 0], "steps": 10, "cfg": 1.1, "sampler_name": "euler", "scheduler": "beta",
      "denoise": 1}},
    "20": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["96", 0], "text": "{a|b}"}},
    "21": {"class_type": "CLIPTextEncode", "inputs": {"clip": ["96", 0], "text": "blurry"}},
    "28": {"class_type": "Fast Groups Bypasser (rgthree)", "inputs": {}},
    "44": {"class_type": "ImageScaleBy", "inputs": {
      "image": ["11", 0], "upscale_method": "lanczos", "scale_by": 1.5}},
    "45": {"class_type": "VAEEncode", "inputs": {"pixels": ["44", 0], "vae": ["98", 0]}},
    "54": {"class_type": "Seed (rgthree)", "inputs": {"seed": -1}},
    "93": {"class_type": "SaveImage", "inputs": {"images": ["11", 0], "filename_prefix": "first"}},
    "95": {"class_type": "SaveImage", "inputs": {"images": ["12", 0], "filename_prefix": "second"}},
    "96": {"class_type": "Any Switch (rgthree)", "inputs": {"any_02": ["124", 0]}},
    "98": {"class_type": "Any Switch (rgthree)", "inputs": {"any_02": ["124", 2]}},
    "124": {"class_type": "CheckpointLoaderSimple",
            "inputs": {"ckpt_name": "released-aio.safetensors"}}})json");
}

class RunWorkflow : public ProgramTest {
 protected:
  ProgramResult run_workflow(const ordered_json& workflow, const Arguments& more) const {
    folder.write("workflow.json", workflow.dump());
    Arguments arguments{"run", "workflow.json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments);
  }
  // The prompt that a run of the workflow with these options draws with.
  std::string prompt_of(const ordered_json& workflow, Arguments more) const {
    more.insert(more.end(), {"-o", "prompt.png"});
    const ProgramResult made = run_workflow(workflow, more);
    EXPECT_EQ(made.exit_code, 0) << made.err;
    return graph_of("prompt.png")["5"]["inputs"]["text"];
  }
};

const Arguments kRenamed{"--set",          "57.unet_name=tiny-dit-fp8.safetensors",
                         "--text-encoder", "tiny-qwen3-fp8.safetensors",
                         "--set",          "57.width=64"};

// A picture without a graph, and one whose graph is broken.
TEST_F(RunWorkflow, ReadableParametersRun) {
  ASSERT_EQ(run_workflow(plain(), {"-o", "a.png"}).exit_code, 0);
  const std::string text = pictures::read_picture_info(folder / "a.png").texts.at("parameters") +
                           ", Module 1: tiny-vae-full-fp32, Module 2: tiny-qwen3-fp8, Clip skip: 2";
  for (const std::string& prompt : {std::string(), std::string("{\"1\": ")}) {
    pictures::write_picture(folder / "b.png", pixels("a.png"), {prompt, text});
    const ProgramResult made = run({"run", "b.png", "-o", "c.png"});
    ASSERT_EQ(made.exit_code, 0) << made.err;
    EXPECT_NE(made.err.find("made of its readable parameters, without Clip skip: 2"),
              std::string::npos)
        << made.err;
    EXPECT_EQ(made.err.find("its `parameters` are taken") != std::string::npos, !prompt.empty());
    EXPECT_EQ(pictures::picture_bytes(pixels("c.png")), pictures::picture_bytes(pixels("a.png")));
  }
  folder.write("parameters.txt", text);
  ASSERT_EQ(run({"run", "parameters.txt", "--seed", "43", "-o", "d.png"}).exit_code, 0);
  EXPECT_EQ(graph_of("d.png")["8"]["inputs"]["seed"], 43);
}

TEST_F(RunWorkflow, TextThatIsNotUtf8IsToldBeforeTheWork) {
  for (const Arguments& more : {Arguments{"-p", "1girl \xff"}, Arguments{"--set", "5.text=\xff"},
                                Arguments{"--set", "10.filename_prefix=\xff"}}) {
    const ProgramResult failed = run_workflow(plain(), more);
    EXPECT_EQ(failed.exit_code, 3);
    EXPECT_NE(failed.err.find("not valid UTF-8"), std::string::npos) << failed.err;
  }
}

TEST_F(RunWorkflow, ASubgraphRunsWithTheValuesItIsGiven) {
  const ordered_json workflow = subgraph_workflow();
  const ProgramResult made = run_workflow(workflow, kRenamed);
  ASSERT_EQ(made.exit_code, 0) << made.err;
  const std::string name = "res_multistep_64_00001_.png";
  ASSERT_EQ(folder.names(), (Arguments{name, "workflow.json"})) << made.err;
  EXPECT_EQ(pixels(name).shape(), (Shape{1, 64, 64, 3}));
  const ordered_json graph = graph_of(name);
  EXPECT_EQ(graph["57:8"]["inputs"]["seed"], 677498465340151);
  const std::string text = graph["57:5"]["inputs"]["text"];
  EXPECT_TRUE(std::set<std::string>(
                  {"red hair ", "blue hair ", "green hair ", "white hair ", "black hair "})
                  .contains(text))
      << text;
  EXPECT_FALSE(graph.contains("35"));

  // The picture runs again, to the same bytes, with the words it has.
  ASSERT_EQ(run({"run", name, "-o", "again.png"}).exit_code, 0);
  EXPECT_EQ(graph_of("again.png"), graph);
  EXPECT_EQ(max_difference(pixels("again.png"), pixels(name)), 0.0);
}

TEST_F(RunWorkflow, TheSizeBesideASubgraphReachesItsInside) {
  folder.write("workflow.json", subgraph_workflow().dump());
  const ProgramResult shown = run({"graph", "workflow.json"});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  expect_contains(shown.out, "SaveImageAdvanced (node 95)");
  expect_contains(shown.out, "width: ResolutionSelector (node 94)");
  expect_contains(shown.out, "unet_name = \"released.safetensors\"  [missing file]");
  expect_contains(shown.out, "text = \"{red|blue|green|white|black} hair // as you like\"");
  const ordered_json outline = ordered_json::parse(run({"graph", "workflow.json", "--json"}).out);
  EXPECT_EQ(outline["outputs"], ordered_json::array({"95"}));
  EXPECT_EQ(outline["graph"]["57:7"]["inputs"]["width"], ordered_json::array({"94", 0}));

  // 0.1 x 1024 x 1024 pixels as a square.
  const ProgramResult made = run_workflow(
      subgraph_workflow(), {"--set", "57.unet_name=tiny-dit-fp8.safetensors", "--text-encoder",
                            "tiny-qwen3-fp8.safetensors", "--steps", "1", "-o", "wide.png"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(pixels("wide.png").shape(), (Shape{1, 64, 320, 3}));
}

TEST_F(RunWorkflow, FilesThatAreNotThereAreAllToldAtOnce) {
  const ProgramResult refused = run_workflow(subgraph_workflow(), {});
  EXPECT_EQ(refused.exit_code, 4);
  expect_contains(refused.err, "the graph has 2 problems");
  expect_contains(refused.err, "UNETLoader (node 57:1): input `unet_name`");
  expect_contains(refused.err, "\"released-qwen.safetensors\" is not in");
  EXPECT_EQ(folder.names(), Arguments{"workflow.json"});
}

TEST_F(RunWorkflow, SwitchesAndSeedsOfOtherPacksAreSeenThrough) {
  const Arguments small{"--model", "tiny-aio-fp8.safetensors", "--steps", "1", "-W", "64", "-H",
                        "64"};
  const ProgramResult made = run_workflow(switched_workflow(), small);
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(folder.names(), (Arguments{"first_00001_.png", "second_00001_.png", "workflow.json"}));
  EXPECT_EQ(pixels("first_00001_.png").shape(), (Shape{1, 64, 64, 3}));
  EXPECT_EQ(pixels("second_00001_.png").shape(), (Shape{1, 96, 96, 3}));
  expect_contains(made.err, "Seed (rgthree) (node 54): the seed -1 means a random one; it is ");
  expect_contains(made.err,
                  "CLIPTextEncode (node 20): input `clip` takes CLIP, but a switch gives");

  // One seed for both passes, and it is in the picture; so are the words of the file, as they came:
  // the API form has its choices behind it.
  const ordered_json graph = graph_of("second_00001_.png");
  EXPECT_EQ(graph["14"]["inputs"]["seed"], graph["17"]["inputs"]["seed"]);
  expect_contains(made.err, graph["14"]["inputs"]["seed"].dump());
  EXPECT_EQ(graph["20"]["inputs"]["text"], "{a|b}");
  EXPECT_EQ(graph["20"]["inputs"]["clip"], ordered_json::array({"124", 1}));
  for (const char* id : {"13", "28", "54", "96", "98"}) EXPECT_FALSE(graph.contains(id)) << id;
  ASSERT_EQ(run({"run", "second_00001_.png", "-o", "again.png"}).exit_code, 0);
  EXPECT_EQ(max_difference(pixels("again_2.png"), pixels("second_00001_.png")), 0.0);
}

TEST_F(RunWorkflow, WordsFollowTheSeed) {
  ordered_json workflow = plain();
  const std::string choice = "{a|b|c|d|e|f|g|h} /* letters */{1|2|3|4|5|6|7|8}";
  workflow["nodes"][4]["widgets_values"] = {choice};
  const std::string first = prompt_of(workflow, {});
  EXPECT_EQ(first.size(), 3u) << first;
  EXPECT_EQ(prompt_of(workflow, {}), first);
  EXPECT_EQ(prompt_of(workflow, {"--seed", "42"}), first) << "the seed of the file";
  EXPECT_EQ(prompt_of(workflow, {"--seed", "1", "--wildcard-seed", "42"}), first);
  std::set<std::string> drawn;
  for (const char* seed : {"1", "2", "3", "4", "5"}) {
    drawn.insert(prompt_of(workflow, {"--seed", seed}));
  }
  EXPECT_GT(drawn.size(), 2u);
  EXPECT_EQ(prompt_of(workflow, {"--literal"}), choice);
}

TEST_F(RunWorkflow, PromptsOfTheCommandLineMayHoldChoicesAndWildcards) {
  fs::create_directories(folder / "words");
  folder.write("words/colour.txt", "crimson\n");
  const ordered_json workflow = plain();
  EXPECT_EQ(prompt_of(workflow, {"--prompt", "{x|x} __colour__ \\{y\\}", "--wildcards", "words"}),
            "x crimson {y}");
  EXPECT_EQ(prompt_of(workflow, {"--prompt", "{x|y} // z", "--literal"}), "{x|y} // z");
  EXPECT_EQ(prompt_of(workflow, {"--set", "5.text={x|y}"}), "{x|y}") << "exactly what is said";
  const ProgramResult missing =
      run_workflow(workflow, {"--prompt", "__hat__", "--wildcards", "words"});
  EXPECT_EQ(missing.exit_code, 4);
  expect_contains(missing.err, "there is no hat.txt in");
  const ProgramResult open = run_workflow(workflow, {"--prompt", "{x|y"});
  EXPECT_EQ(open.exit_code, 2);
  expect_contains(open.err, "has a { without a }");
}

TEST_F(RunWorkflow, WhatIsSavedIsHandedOn) {
  ordered_json workflow = plain();
  workflow["nodes"][9]["outputs"] = ordered_json::parse(R"([{"name": "images", "type": "IMAGE"}])");
  workflow["nodes"].push_back(
      editor_node(11, "ImageScaleBy", R"([{"name": "image", "type": "IMAGE", "link": 11}])",
                  R"([{"name": "IMAGE", "type": "IMAGE"}])", R"(["nearest-exact", 2.0])"));
  workflow["nodes"].push_back(editor_node(12, "SaveImage",
                                          R"([{"name": "images", "type": "IMAGE", "link": 12}])",
                                          "[]", R"(["large"])"));
  workflow["links"].push_back({11, 10, 0, 11, 0, "IMAGE"});
  workflow["links"].push_back({12, 11, 0, 12, 0, "IMAGE"});
  const ProgramResult made = run_workflow(workflow, {});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(pixels("test_00001_.png").shape(), (Shape{1, 64, 64, 3}));
  EXPECT_EQ(pixels("large_00001_.png").shape(), (Shape{1, 128, 128, 3}));
}

TEST_F(RunWorkflow, APreviewIsThere) {
  const ProgramResult made = run_workflow(plain(), {"--preview", "p.png", "-o", "a.png"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(folder.names(), (Arguments{"a.png", "p.png", "workflow.json"}));
  EXPECT_EQ(pixels("p.png").shape(), pixels("a.png").shape());
}

TEST_F(RunWorkflow, AWebPCanBeLoaded) {
  fs::copy_file(golden_path("pictures/lossy.webp"), folder / "in.webp");
  const ordered_json graph = ordered_json::parse(R"json({
    "1": {"class_type": "LoadImage", "inputs": {"image": "in.webp"}},
    "2": {"class_type": "SaveImage", "inputs": {"images": ["1", 0], "filename_prefix": "out"}}})json");
  const ProgramResult made = run_workflow(graph, {});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_LE(max_difference(pixels("out_00001_.png"), pixels("in.webp")), 1.0 / 255);
}

}  // namespace
}  // namespace zanime::cli
