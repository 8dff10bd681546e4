// Nodes of texts, numbers and logic against the reference; golden/nodes/README.md says what the
// cases hold.
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/executor.h"
#include "graph/graph.h"
#include "graph/registry.h"
#include "nodes/node_context.h"
#include "nodes/value.h"
#include "tests/support/backends.h"
#include "tests/support/golden.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;
using namespace zanime::testing;

class NoFiles : public nodes::ModelFiles {
 public:
  std::vector<std::string> list(const std::string&) const override { return {}; }
  std::filesystem::path find(const std::string&, const std::string& name) const override {
    throw Error(ErrorKind::kFile, name + " is not there");
  }
};

// Keeps what nodes show.
class Shown : public nodes::PictureSink {
 public:
  void save(const std::string&, const nodes::Image&, const std::string&,
            const ordered_json&) override {}
  void show_text(const std::string& node_id, const std::string& text) override {
    texts[node_id].push_back(text);
  }
  std::map<std::string, std::vector<std::string>> texts;
};

// A value with its type: 1 and 1.0 and true differ.
nlohmann::json typed(const nodes::Value& value) {
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean;
  if (const auto* integer = std::get_if<nodes::WideInt>(&value)) {
    return static_cast<int64_t>(*integer);
  }
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* list = std::get_if<nodes::Items>(&value)) {
    nlohmann::json items = nlohmann::json::array();
    for (const nodes::Value& item : (*list)->values) items.push_back(typed(item));
    return items;
  }
  return nullptr;
}

bool same(const nlohmann::json& a, const nlohmann::json& b) {
  if (a.is_array() && b.is_array()) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), same);
  }
  return a.is_number_float() == b.is_number_float() && a == b;
}

struct Result {
  nlohmann::json outputs = nlohmann::json::array();
  nlohmann::json shown = nlohmann::json::array();
};

// The node, each of its outputs linked to a node that keeps it and to a PreviewAny.
Result run(const std::string& node, const ordered_json& inputs) {
  std::map<int, nodes::Value> kept;
  NodeRegistry registry = NodeRegistry::standard(/*with_extra_nodes=*/true);
  registry.add({.class_name = "Keep",
                .display_name = "Keep",
                .category = "",
                .description = "",
                .inputs = {nodes::link("value", "*"), nodes::integer("index", 0, 0, 100)},
                .outputs = {},
                .is_output = true,
                .takes_lists = true,
                .run = [&](const nodes::Arguments& arguments,
                           nodes::NodeContext&) -> std::vector<nodes::Value> {
                  kept[static_cast<int>(arguments.integer("index"))] = arguments.value("value");
                  return {};
                }});
  ordered_json graph;
  graph["1"] = {{"class_type", node}, {"inputs", inputs}};
  const size_t outputs = registry.find(node)->outputs.size();
  for (size_t i = 0; i < outputs; ++i) {
    const ordered_json link = ordered_json::array({"1", i});
    graph["keep" + std::to_string(i)] = {{"class_type", "Keep"},
                                         {"inputs", {{"value", link}, {"index", i}}}};
    graph["show" + std::to_string(i)] = {{"class_type", "PreviewAny"},
                                         {"inputs", {{"source", link}}}};
  }
  const NoFiles files;
  Shown shown;
  const CancelToken cancel;
  Executor executor(testing::float32_backend(), files);
  executor.run(read_graph(graph, registry, files), {shown, cancel, {}});
  Result result;
  for (size_t i = 0; i < outputs; ++i) {
    result.outputs.push_back(typed(kept[static_cast<int>(i)]));
    result.shown.push_back(shown.texts["show" + std::to_string(i)]);
  }
  return result;
}

TEST(TextNodes, GiveWhatTheReferenceGives) {
  const nlohmann::json cases = golden_json("nodes/strings.json");
  ASSERT_EQ(cases.size(), 336u);
  for (size_t i = 0; i < cases.size(); ++i) {
    const nlohmann::json& test = cases[i];
    const std::string node = test["node"];
    SCOPED_TRACE("case " + std::to_string(i) + ": " + node + " " + test["inputs"].dump());
    try {
      const Result result = run(node, ordered_json(test["inputs"]));
      ASSERT_FALSE(test.contains("error")) << "gave " << result.outputs << ", not " << test["why"];
      EXPECT_TRUE(same(result.outputs, test["outputs"]))
          << result.outputs << " instead of " << test["outputs"];
      EXPECT_EQ(result.shown, test["shown"]);
    } catch (const Error& error) {
      EXPECT_TRUE(test.contains("error")) << error.what();
      EXPECT_NE(error.kind(), ErrorKind::kInternal) << error.what();
      EXPECT_NE(std::string(error.what()).find(node), std::string::npos) << error.what();
    }
  }
}

// Which of two branches runs, by a condition that only a node knows.
TEST(TextNodes, ASwitchRunsOnlyTheBranchThatItTakes) {
  std::vector<std::string> ran;
  NodeRegistry registry = NodeRegistry::standard(true);
  const auto record = [&](const char* name, nodes::Value value) {
    registry.add({.class_name = name,
                  .display_name = name,
                  .category = "",
                  .description = "",
                  .inputs = {nodes::link("from", "*").optional()},
                  .outputs = {{"*", "value"}},
                  .run = [&ran, name, value](const nodes::Arguments&,
                                             nodes::NodeContext&) -> std::vector<nodes::Value> {
                    ran.emplace_back(name);
                    return {value};
                  }});
  };
  record("Source", std::string("x"));
  record("Yes", std::string("yes"));
  record("No", std::string("no"));
  record("Shared", std::string("shared"));
  ordered_json graph = ordered_json::parse(R"({
    "source": {"class_type": "Source", "inputs": {}},
    "shared": {"class_type": "Shared", "inputs": {}},
    "yes": {"class_type": "Yes", "inputs": {"from": ["shared", 0]}},
    "no": {"class_type": "No", "inputs": {"from": ["source", 0]}},
    "condition": {"class_type": "ComfyNotNode", "inputs": {"value": ""}},
    "switch": {"class_type": "ComfySwitchNode",
               "inputs": {"switch": ["condition", 0], "on_true": ["yes", 0], "on_false": ["no", 0]}},
    "show": {"class_type": "PreviewAny", "inputs": {"source": ["switch", 0]}},
    "use": {"class_type": "PreviewAny", "inputs": {"source": ["shared", 0]}}})");
  const NoFiles files;
  const CancelToken cancel;
  Executor executor(testing::float32_backend(), files);
  Shown shown;
  executor.run(read_graph(graph, registry, files), {shown, cancel, {}});
  EXPECT_EQ(ran, (std::vector<std::string>{"Shared", "Yes"}));
  EXPECT_EQ(shown.texts["show"], std::vector<std::string>{"yes"});
  EXPECT_EQ(shown.texts["use"], std::vector<std::string>{"shared"});

  // The other way round only what is new runs.
  ran.clear();
  graph["condition"]["inputs"]["value"] = "something";
  executor.run(read_graph(graph, registry, files), {shown, cancel, {}});
  EXPECT_EQ(ran, (std::vector<std::string>{"Source", "No"}));
  EXPECT_EQ(shown.texts["show"].back(), "no");
}

TEST(TextNodes, EverythingAfterAListRunsForEachItem) {
  const ordered_json graph = ordered_json::parse(R"({
    "list": {"class_type": "CreateList",
             "inputs": {"inputs.input0": "b", "inputs.input1": "a", "inputs.input2": "c"}},
    "join": {"class_type": "StringConcatenate",
             "inputs": {"string_a": ["list", 0], "string_b": "!", "delimiter": ""}},
    "show": {"class_type": "PreviewAny", "inputs": {"source": ["join", 0]}}})");
  const NodeRegistry registry = NodeRegistry::standard(true);
  const NoFiles files;
  const CancelToken cancel;
  Executor executor(testing::float32_backend(), files);
  Shown shown;
  executor.run(read_graph(graph, registry, files), {shown, cancel, {}});
  EXPECT_EQ(shown.texts["show"], (std::vector<std::string>{"b!", "a!", "c!"}));
}

}  // namespace
}  // namespace zanime::graph
