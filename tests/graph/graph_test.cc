#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/read_graph.h"
#include "tests/support/expect_error.h"
#include "tests/support/fake_model_files.h"
#include "tests/support/sample_graphs.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;
using namespace zanime::testing;

const FakeModelFiles& files() {
  static const FakeModelFiles kFiles(
      {{"diffusion_models", {"dit.safetensors", "sub/b.safetensors"}},
       {"text_encoders", {"qwen.safetensors"}},
       {"vae", {"ae.safetensors"}}});
  return kFiles;
}

const NodeRegistry& core_nodes() {
  static const NodeRegistry kRegistry = NodeRegistry::standard(/*with_extra_nodes=*/false);
  return kRegistry;
}

Graph read(const ordered_json& json, std::vector<std::string>* warnings = nullptr) {
  return read_graph(json, core_nodes(), files(), warnings);
}

// A change of the sample workflow, by JSON pointer, and what the error must say.
struct MalformedText {
  // What the test runner shows.
  friend void PrintTo(const MalformedText& test, std::ostream* out) { *out << test.name; }

  const char* name;
  const char* pointer;
  const char* value;  // JSON; null: the place is erased
  std::vector<std::string> parts;
  ErrorKind kind = ErrorKind::kGraph;
};

std::vector<MalformedText> malformed_graphs() {
  return {
      {"UnknownClass",
       "/8/class_type",
       R"("KSampla")",
       {"KSampla (node 8)", "unknown node type", "did you mean `KSampler`?"}},
      {"UnknownClassWithoutNeighbours",
       "/9/class_type",
       R"("Frobnicate")",
       {"Frobnicate (node 9)", "unknown node type", "zanime nodes"}},
      {"ExtraNodeLeftOut",
       "/6/class_type",
       R"("ConditioningZeroOut")",
       {"ConditioningZeroOut (node 6)", "extra nodes", "ZANIME_INIT_COMFY_EXTRA_NODES=1"}},
      {"ClassIsNumber", "/8/class_type", "7", {"node 8", "`class_type`"}},
      {"ClassIsEmpty", "/8/class_type", R"("")", {"node 8", "`class_type`"}},
      {"ClassMissing", "/8/class_type", nullptr, {"node 8", "`class_type`"}},
      {"InputsMissing", "/8/inputs", nullptr, {"KSampler (node 8)", "no `inputs`"}},
      {"InputsIsList", "/8/inputs", "[]", {"KSampler (node 8)", "no `inputs`"}},
      {"NodeIsText", "/8", R"("KSampler")", {"node 8", "must be an object", "string"}},
      {"NodeIsNull", "/8", "null", {"node 8", "must be an object", "null"}},
      {"RequiredLinkMissing",
       "/8/inputs/model",
       nullptr,
       {"KSampler (node 8)", "required input `model` (MODEL) is missing"}},
      {"RequiredValueMissing",
       "/8/inputs/steps",
       nullptr,
       {"KSampler (node 8)", "required input `steps` (INT) is missing"}},
      {"ValueForLink",
       "/8/inputs/model",
       R"("dit")",
       {"KSampler (node 8)", "`model`", "must be a link to a node that gives MODEL"}},
      {"ObjectForLink", "/8/inputs/model", "{}", {"`model`", "must be a link"}},
      {"LinkToNowhere",
       "/8/inputs/model",
       R"(["77", 0])",
       {"KSampler (node 8)", "`model`", "links to node \"77\", which does not exist"}},
      {"LinkToMissingOutput",
       "/8/inputs/model",
       R"(["4", 1])",
       {"`model`", "links to output 1 of ModelSamplingAuraFlow (node 4)", "has only output 0"}},
      {"LinkToNegativeOutput", "/8/inputs/model", R"(["4", -1])", {"`model`", "output -1"}},
      {"LinkToHugeOutput",
       "/8/inputs/model",
       R"(["4", 18446744073709551615])",
       {"`model`", "output 18446744073709551615"}},
      {"LinkToWhatIsSaved",
       "/8/inputs/model",
       R"(["10", 0])",
       {"takes MODEL", "SaveImage (node 10)", "is IMAGE", "form a circle"}},
      {"LinkOfWrongType",
       "/8/inputs/model",
       R"(["3", 0])",
       {"`model`", "takes MODEL", "VAELoader (node 3)", "is VAE"}},
      {"LinkTooLong", "/8/inputs/model", R"(["4", 0, 0])", {"`model`", "a link has the form"}},
      {"LinkOutputIsText", "/8/inputs/model", R"(["4", "0"])", {"`model`", "a link has the form"}},
      {"LinkIsNested", "/8/inputs/model", R"([["4", 0], 0])", {"`model`", "a link has the form"}},
      {"ListForNumber", "/8/inputs/steps", "[8]", {"`steps`", "a link has the form"}},
      {"CircleOfTwo",
       "/4/inputs/model",
       R"(["4", 0])",
       {"form a circle", "ModelSamplingAuraFlow (node 4)"}},
      {"StepsZero",
       "/8/inputs/steps",
       "0",
       {"KSampler (node 8)", "`steps` is 0", "between 1 and 10000"}},
      {"StepsTooMany", "/8/inputs/steps", "10001", {"`steps` is 10001"}},
      {"StepsText", "/8/inputs/steps", R"("eight")", {"`steps`", "\"eight\"", "whole number"}},
      {"StepsFalse", "/8/inputs/steps", "false", {"`steps` is 0", "between 1 and 10000"}},
      {"StepsFractionTooSmall", "/8/inputs/steps", "0.5", {"`steps` is 0", "between 1 and 10000"}},
      {"StepsNull", "/8/inputs/steps", "null", {"`steps` is null"}},
      {"StepsHuge", "/8/inputs/steps", "1e300", {"`steps` is 1e+300"}},
      {"SeedNegative",
       "/8/inputs/seed",
       "-1",
       {"`seed` is -1", "between 0 and 18446744073709551615"}},
      {"SeedBeyond64Bits",
       "/8/inputs/seed",
       "18446744073709551616",
       {"`seed`", "18446744073709551615"}},
      {"CfgTooHigh", "/8/inputs/cfg", "100.5", {"`cfg` is 100.5", "between 0 and 100"}},
      {"CfgText", "/8/inputs/cfg", R"("nan")", {"`cfg`"}},
      {"CfgObject", "/8/inputs/cfg", "{}", {"`cfg` is an object", "must be a number"}},
      {"DenoiseNegative", "/8/inputs/denoise", "-0.1", {"`denoise` is -0.1"}},
      {"SamplerMisspelt",
       "/8/inputs/sampler_name",
       R"("eulr")",
       {"`sampler_name`", "\"eulr\"", "did you mean `euler`"}},
      {"SamplerIsNumber", "/8/inputs/sampler_name", "3", {"`sampler_name` is 3", "a choice"}},
      {"SchedulerUnknown",
       "/8/inputs/scheduler",
       R"("fancy")",
       {"`scheduler`", "\"fancy\"", "there are: simple"}},
      {"WidthTooSmall",
       "/7/inputs/width",
       "8",
       {"EmptyLatentImage (node 7)", "`width` is 8", "between 16 and 16384"}},
      {"BatchTooLarge", "/7/inputs/batch_size", "4097", {"`batch_size` is 4097"}},
      {"TextIsObject", "/5/inputs/text", "{}", {"CLIPTextEncode (node 5)", "`text`", "text"}},
      {"TextIsNull", "/5/inputs/text", "null", {"`text` is null"}},
      {"ShiftTooHigh", "/4/inputs/shift", "101", {"`shift` is 101"}},
      {"ClipTypeUnknown",
       "/2/inputs/type",
       R"("qwen3")",
       {"CLIPLoader (node 2)", "`type`", "\"qwen3\""}},
      {"ClipTypeFlux2",
       "/2/inputs/type",
       R"("flux2")",
       {"CLIPLoader (node 2)", "flux2", "lumina2", "qwen_3_4b"}},
      {"WeightTypeUnknown", "/1/inputs/weight_dtype", R"("fp4")", {"`weight_dtype`", "fp8_e5m2"}},
      {"PrefixReachesOut",
       "/10/inputs/filename_prefix",
       R"("../../etc/x")",
       {"SaveImage (node 10)", "`filename_prefix`", "output folder"}},
      {"PrefixIsAbsolute", "/10/inputs/filename_prefix", R"("/tmp/x")", {"output folder"}},
      {"NodeForVideo",
       "/8/class_type",
       R"("WanImageToVideo")",
       {"WanImageToVideo (node 8)", "is a node for video models", "`zanime nodes --missing`"}},
      {"NoOutputNode", "/10", nullptr, {"no output node", "SaveImage"}},
      {"FileMissing",
       "/1/inputs/unet_name",
       R"("other.safetensors")",
       {"UNETLoader (node 1)", "`unet_name`", "other.safetensors is not in diffusion_models"},
       ErrorKind::kFile},
      {"FileIsNumber", "/1/inputs/unet_name", "1", {"`unet_name` is 1", "name of a file"}},
  };
}

class MalformedGraph : public ::testing::TestWithParam<MalformedText> {};

TEST_P(MalformedGraph, IsRefusedWithAReason) {
  const MalformedText& test = GetParam();
  ordered_json graph = plain_workflow();
  const ordered_json::json_pointer pointer{std::string(test.pointer)};
  if (test.value == nullptr) {
    graph.at(pointer.parent_pointer()).erase(pointer.back());
  } else {
    graph.at(pointer) = ordered_json::parse(test.value);
  }
  const Error error = expect_error([&] { read(graph); });
  EXPECT_EQ(error.exit_code(), static_cast<int>(test.kind));
  for (const std::string& part : test.parts) expect_contains(error.what(), part);
}

INSTANTIATE_TEST_SUITE_P(Table, MalformedGraph, ::testing::ValuesIn(malformed_graphs()),
                         [](const ::testing::TestParamInfo<MalformedText>& test) {
                           return std::string(test.param.name);
                         });

TEST(Graph, ReadsThePlainWorkflow) {
  std::vector<std::string> warnings;
  const Graph graph = read(plain_workflow(), &warnings);
  EXPECT_EQ(graph.nodes.size(), 10u);
  EXPECT_TRUE(warnings.empty());
  const Node* sampler = graph.find("8");
  ASSERT_NE(sampler, nullptr);
  EXPECT_EQ(std::get<Link>(sampler->inputs.at("model")).node_id, "4");
  EXPECT_EQ(describe(*sampler), "KSampler (node 8)");
}

TEST(Graph, SeedsAreExactTo64Bits) {
  ordered_json json = plain_workflow();
  json["8"]["inputs"]["seed"] = std::numeric_limits<uint64_t>::max();
  const Graph graph = read(json);
  const nodes::Value& seed = std::get<nodes::Value>(graph.find("8")->inputs.at("seed"));
  EXPECT_EQ(nodes::to_string(std::get<nodes::WideInt>(seed)), "18446744073709551615");
}

TEST(Graph, ListsEveryProblem) {
  ordered_json json = plain_workflow();
  json["8"]["inputs"]["steps"] = 0;
  json["8"]["inputs"]["model"] = {"99", 0};
  json["7"]["inputs"]["width"] = "wide";
  const Error error = expect_error([&] { read(json); });
  for (const char* part : {"3 problems", "`steps`", "\"99\"", "`width`"}) {
    expect_contains(error.what(), part);
  }
}

TEST(Graph, NamesTheTitleOfANode) {
  ordered_json json = plain_workflow();
  json["8"]["_meta"] = {{"title", "Refine"}};
  json["8"]["inputs"]["steps"] = 0;
  expect_error(ErrorKind::kGraph, "KSampler (node 8, \"Refine\"): ", [&] { read(json); });
}

TEST(Graph, EscapesControlCharactersInMessages) {
  ordered_json json = plain_workflow();
  json["8"]["class_type"] = "KS\x1b[31mampler";
  const Error error = expect_error([&] { read(json); });
  EXPECT_EQ(std::string(error.what()).find('\x1b'), std::string::npos);
}

TEST(Graph, FindsLongCircles) {
  ordered_json json = plain_workflow();
  json["4"]["inputs"]["model"] = {"11", 0};
  json["11"] = {{"class_type", "ModelSamplingAuraFlow"},
                {"inputs", {{"model", {"12", 0}}, {"shift", 3}}}};
  json["12"] = {{"class_type", "ModelSamplingAuraFlow"},
                {"inputs", {{"model", {"4", 0}}, {"shift", 3}}}};
  const Error error = expect_error([&] { read(json); });
  for (const char* part : {"circle", "(node 4)", "(node 11)", "(node 12)"}) {
    expect_contains(error.what(), part);
  }
}

TEST(Graph, WarnsOfUnknownInputsAndMendsNumbersWrittenAsText) {
  ordered_json json = plain_workflow();
  json["8"]["inputs"]["stepz"] = 8;
  json["8"]["inputs"]["steps"] = "12";
  json["7"]["inputs"]["width"] = 72.0;
  std::vector<std::string> warnings;
  const Graph graph = read(json, &warnings);
  ASSERT_EQ(warnings.size(), 2u);
  const std::string all = warnings[0] + "\n" + warnings[1];
  expect_contains(all, "has no input \"stepz\"; it is left out (did you mean `steps`");
  expect_contains(all, "`steps` is the text \"12\"");
  EXPECT_EQ(std::get<nodes::WideInt>(std::get<nodes::Value>(graph.find("8")->inputs.at("steps"))),
            12);
  EXPECT_EQ(std::get<nodes::WideInt>(std::get<nodes::Value>(graph.find("7")->inputs.at("width"))),
            72);
}

TEST(Graph, FillsInOptionalInputs) {
  ordered_json json = plain_workflow();
  json["2"]["inputs"].erase("device");
  const Graph graph = read(json);
  EXPECT_EQ(std::get<std::string>(std::get<nodes::Value>(graph.find("2")->inputs.at("device"))),
            "default");
}

TEST(Graph, SkipsWhatNoOutputNeeds) {
  ordered_json json = plain_workflow();
  json["20"] = {{"class_type", "Fancy Comparer (pack)"}, {"inputs", {{"a", {"9", 0}}}}};
  json["21"] = {{"class_type", "EmptyLatentImage"}, {"inputs", ordered_json::object()}};
  std::vector<std::string> warnings;
  const Graph graph = read(json, &warnings);
  EXPECT_EQ(graph.find("20"), nullptr);
  EXPECT_EQ(graph.find("21"), nullptr);
  EXPECT_EQ(warnings.size(), 2u);
}

TEST(Graph, TakesWindowsPathsAndPostedForm) {
  ordered_json json = plain_workflow();
  json["1"]["inputs"]["unet_name"] = "sub\\b.safetensors";
  const Graph graph = read({{"prompt", json}, {"client_id", "x"}});
  EXPECT_EQ(std::get<std::string>(std::get<nodes::Value>(graph.find("1")->inputs.at("unet_name"))),
            "sub/b.safetensors");
}

TEST(Graph, RefusesWhatIsNoGraph) {
  expect_error(ErrorKind::kGraph, "JSON object of nodes", [] { read(ordered_json::array()); });
  expect_error(ErrorKind::kGraph, "JSON object of nodes", [] { read(ordered_json(3)); });
  expect_error(ErrorKind::kGraph, "no nodes", [] { read(ordered_json::object()); });
  expect_error(ErrorKind::kGraph, "no nodes", [] {  // the editor's form, empty
    read({{"nodes", ordered_json::array()}, {"links", ordered_json::array()}});
  });
}

TEST(Graph, RefusesANodeWithMoreInputsThanAnyHas) {
  ordered_json json = plain_workflow();
  for (int i = 0; i < 1000; ++i) json["8"]["inputs"]["x" + std::to_string(i)] = 0;
  expect_error(ErrorKind::kGraph, "KSampler (node 8): has 1010 inputs; the limit is 1000",
               [&] { read(json); });
}

TEST(Graph, TakesLongChainsWithoutRecursion) {
  ordered_json json = plain_workflow();
  std::string last = "1";
  for (int i = 0; i < 5000; ++i) {
    const std::string id = "m" + std::to_string(i);
    json[id] = {{"class_type", "ModelSamplingAuraFlow"},
                {"inputs", {{"model", {last, 0}}, {"shift", 3}}}};
    last = id;
  }
  json["8"]["inputs"]["model"] = {last, 0};
  EXPECT_EQ(read(json).nodes.size(), 5009u);
}

TEST(ReadGraph, ANodeWithoutOutputsGivesNothing) {
  NodeRegistry nodes;
  nodes.add({.class_name = "End",
             .display_name = "End",
             .category = "",
             .description = "",
             .inputs = {nodes::link("latent", "LATENT").optional()},
             .is_output = true,
             .run = [](const nodes::Arguments&, nodes::NodeContext&) -> std::vector<nodes::Value> {
               return {};
             }});
  const ordered_json graph = {{"1", {{"class_type", "End"}, {"inputs", ordered_json::object()}}},
                              {"2", {{"class_type", "End"}, {"inputs", {{"latent", {"1", 0}}}}}}};
  expect_error(ErrorKind::kGraph, "links to output 0 of End (node 1), which has no outputs",
               [&] { read_graph(graph, nodes, FakeModelFiles({})); });
}

}  // namespace
}  // namespace zanime::graph
