#include "graph/executor.h"

#include <cmath>
#include <fstream>
#include <limits>
#include <map>
#include <new>
#include <stdexcept>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/read_graph.h"
#include "tests/support/backends.h"
#include "tests/support/expect_error.h"
#include "tests/support/scratch_folder.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;
using namespace zanime::testing;

// Counts what runs; nodes that add numbers, fail, and save.
class FakeNodes : public nodes::ModelFiles, public nodes::PictureSink {
 public:
  FakeNodes() {
    registry.add(
        {.class_name = "Load",
         .display_name = "Load",
         .category = "",
         .description = "",
         .inputs = {nodes::file("name", "vae")},
         .outputs = {{"LATENT", "LATENT"}},
         .run = [this](const nodes::Arguments&, nodes::NodeContext&) -> std::vector<nodes::Value> {
           ++runs["Load"];
           return {nodes::Latent{Tensor::from({1}, {1.0f})}};
         }});
    registry.add(
        {.class_name = "Add",
         .display_name = "Add",
         .category = "",
         .description = "",
         .inputs = {nodes::link("latent", "LATENT"), nodes::real("amount", 1, -1e30, 1e30, 1),
                    nodes::link("extra", "LATENT").optional()},
         .outputs = {{"LATENT", "LATENT"}},
         .ignores =
             [](const std::string& input, const nodes::Arguments& plain) {
               return input == "extra" && plain.real("amount") == 7.0;
             },
         .run = [this](const nodes::Arguments& arguments,
                       nodes::NodeContext& context) -> std::vector<nodes::Value> {
           ++runs["Add"];
           context.report_step(1, 2);
           context.report_step(2, 2);
           float sum = arguments.get<nodes::Latent>("latent").samples.data()[0];
           if (arguments.has("extra")) {
             sum += arguments.get<nodes::Latent>("extra").samples.data()[0];
           }
           return {nodes::Latent{
               Tensor::from({1}, {sum + static_cast<float>(arguments.real("amount"))})}};
         }});
    registry.add({.class_name = "Break",
                  .display_name = "Break",
                  .category = "",
                  .description = "",
                  .inputs = {nodes::link("latent", "LATENT"), nodes::text("how")},
                  .outputs = {{"LATENT", "LATENT"}},
                  .run = [](const nodes::Arguments& arguments,
                            nodes::NodeContext&) -> std::vector<nodes::Value> {
                    const std::string& how = arguments.text("how");
                    if (how == "memory") throw std::bad_alloc();
                    if (how == "defect") throw std::logic_error("two and two are five");
                    if (how == "count") return {};
                    if (how == "file") throw Error(ErrorKind::kFile, "no such file");
                    const float value = how == "nan" ? std::numeric_limits<float>::quiet_NaN()
                                                     : std::numeric_limits<float>::infinity();
                    return {nodes::Latent{Tensor::from({2}, {0.0f, value})}};
                  }});
    registry.add({.class_name = "Save",
                  .display_name = "Save",
                  .category = "",
                  .description = "",
                  .inputs = {nodes::link("latent", "LATENT")},
                  .is_output = true,
                  .run = [this](const nodes::Arguments& arguments,
                                nodes::NodeContext&) -> std::vector<nodes::Value> {
                    ++runs["Save"];
                    saved.push_back(arguments.get<nodes::Latent>("latent").samples.data()[0]);
                    return {};
                  }});
    folder.write("a", "1");
    folder.write("b", "1");
  }

  std::vector<std::string> list(const std::string&) const override {
    return {"a", "b", "m-00001-of-00002.safetensors"};
  }
  std::filesystem::path find(const std::string&, const std::string& name) const override {
    return folder / name;
  }
  void save(const std::string&, const nodes::Image&, const std::string&,
            const ordered_json&) override {}

  ExecutionReport run(const ordered_json& json) {
    return executor.run(read_graph(json, registry, *this), {*this, cancel, progress});
  }

  ScratchFolder folder;
  NodeRegistry registry;
  std::map<std::string, int> runs;
  std::vector<float> saved;
  CancelToken cancel;
  nodes::ProgressCallback progress;
  Executor executor{testing::float32_backend(), *this};
};

ordered_json chain(double first, double second, const std::string& name = "a") {
  return {{"1", {{"class_type", "Load"}, {"inputs", {{"name", name}}}}},
          {"2", {{"class_type", "Add"}, {"inputs", {{"latent", {"1", 0}}, {"amount", first}}}}},
          {"3", {{"class_type", "Add"}, {"inputs", {{"latent", {"2", 0}}, {"amount", second}}}}},
          {"4", {{"class_type", "Save"}, {"inputs", {{"latent", {"3", 0}}}}}}};
}

TEST(Executor, RunsEachNodeOnceInputsFirst) {
  FakeNodes nodes;
  ordered_json graph = chain(10, 100);
  graph["3"]["inputs"]["extra"] = {"2", 0};
  const ExecutionReport report = nodes.run(graph);
  EXPECT_EQ(nodes.saved, std::vector<float>{122.0f});
  ASSERT_EQ(report.nodes.size(), 4u);
  EXPECT_EQ(report.nodes[0].node_id, "1");
  EXPECT_EQ(report.nodes[3].node_id, "4");
}

TEST(Executor, RerunsOnlyWhatChanged) {
  FakeNodes nodes;
  nodes.run(chain(10, 100));
  nodes.run(chain(10, 200));
  EXPECT_EQ(nodes.runs["Load"], 1);
  EXPECT_EQ(nodes.runs["Add"], 3);
  const ExecutionReport report = nodes.run(chain(10, 200));
  EXPECT_EQ(nodes.runs["Add"], 3);
  EXPECT_EQ(nodes.runs["Save"], 3);  // outputs always run
  EXPECT_EQ(nodes.saved, (std::vector<float>{111.0f, 211.0f, 211.0f}));
  for (const NodeTiming& node : report.nodes) EXPECT_EQ(node.cached, node.class_type != "Save");
  nodes.run(chain(20, 200));
  EXPECT_EQ(nodes.runs["Add"], 5);
  // Ids and titles do not matter.
  nodes.executor.clear_cache();
  nodes.run(chain(20, 200));
  EXPECT_EQ(nodes.runs["Load"], 2);
}

TEST(Executor, SeesThatAFileChanged) {
  FakeNodes nodes;
  nodes.run(chain(1, 2, "a"));
  nodes.run(chain(1, 2, "b"));
  EXPECT_EQ(nodes.runs["Load"], 2);
  nodes.folder.write("a", "a longer one");
  nodes.run(chain(1, 2, "a"));
  EXPECT_EQ(nodes.runs["Load"], 3);
  nodes.run(chain(1, 2, "b"));
  EXPECT_EQ(nodes.runs["Load"], 3);
}

TEST(Executor, SeesThatALaterPieceOfAModelChanged) {
  FakeNodes nodes;
  const std::string first = "m-00001-of-00002.safetensors";
  nodes.folder.write(first, "x");
  nodes.folder.write("m-00002-of-00002.safetensors", "x");
  nodes.folder.write("other.safetensors", "x");
  nodes.run(chain(1, 2, first));
  nodes.folder.write("other.safetensors", "longer");
  nodes.run(chain(1, 2, first));
  EXPECT_EQ(nodes.runs["Load"], 1);
  nodes.folder.write("m-00002-of-00002.safetensors", "longer");
  nodes.run(chain(1, 2, first));
  EXPECT_EQ(nodes.runs["Load"], 2);
}

TEST(Executor, LeavesOutWhatANodeIgnores) {
  FakeNodes nodes;
  ordered_json graph = chain(1, 7);
  graph["5"] = {{"class_type", "Break"}, {"inputs", {{"latent", {"1", 0}}, {"how", "nan"}}}};
  graph["3"]["inputs"]["extra"] = {"5", 0};
  nodes.run(graph);
  EXPECT_EQ(nodes.saved, std::vector<float>{9.0f});
  graph["5"]["inputs"]["how"] = "inf";
  nodes.run(graph);
  EXPECT_EQ(nodes.runs["Add"], 2);
}

TEST(Executor, NamesTheNodeWhereItFails) {
  const auto fail = [](const char* how, ErrorKind kind, const char* part) {
    FakeNodes nodes;
    ordered_json graph = chain(1, 2);
    graph["2"] = {{"class_type", "Break"},
                  {"inputs", {{"latent", {"1", 0}}, {"how", how}}},
                  {"_meta", {{"title", "Culprit"}}}};
    const Error error = expect_error([&] { nodes.run(graph); });
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(kind));
    expect_contains(error.what(), "Break (node 2, \"Culprit\"): ");
    expect_contains(error.what(), part);
    EXPECT_TRUE(nodes.saved.empty());
  };
  fail("nan", ErrorKind::kNumeric, "not finite");
  fail("inf", ErrorKind::kNumeric, "LATENT [2]");
  fail("memory", ErrorKind::kResource, "memory");
  fail("defect", ErrorKind::kInternal, "two and two are five");
  fail("count", ErrorKind::kInternal, "0 outputs instead of 1");
  fail("file", ErrorKind::kFile, "no such file");
}

TEST(Executor, StopsBetweenNodesWhenCancelled) {
  FakeNodes nodes;
  nodes.progress = [&](const nodes::ProgressEvent& event) {
    if (event.kind == nodes::ProgressEvent::Kind::kNodeFinished && event.node_id == "2") {
      nodes.cancel.cancel();
    }
  };
  expect_error(ErrorKind::kCancelled, "stopped", [&] { nodes.run(chain(1, 2)); });
  EXPECT_EQ(nodes.runs["Add"], 1);
}

TEST(Executor, TellsWhatHappens) {
  FakeNodes nodes;
  std::string story;
  nodes.progress = [&](const nodes::ProgressEvent& event) {
    using Kind = nodes::ProgressEvent::Kind;
    switch (event.kind) {
      case Kind::kNodeStarted:
        story += "+" + event.node_id;
        break;
      case Kind::kNodeFinished:
        story += "-" + event.node_id;
        break;
      case Kind::kNodeCached:
        story += "=" + event.node_id;
        break;
      case Kind::kStep:
        story += " " + std::to_string(event.step) + "/" + std::to_string(event.steps) + " ";
        break;
    }
  };
  nodes.run(chain(1, 2));
  EXPECT_EQ(story, "+1-1+2 1/2  2/2 -2+3 1/2  2/2 -3+4-4");
  story.clear();
  nodes.run(chain(1, 3));
  EXPECT_EQ(story, "=1=2+3 1/2  2/2 -3+4-4");
}

TEST(Executor, ForgetsTheOldestButStaysRight) {
  FakeNodes nodes;
  for (int i = 0; i < 200; ++i) nodes.run(chain(i, 0));
  for (int i = 0; i < 200; ++i) EXPECT_EQ(nodes.saved[static_cast<size_t>(i)], 1.0f + i);
  nodes.run(chain(0, 0));
  EXPECT_EQ(nodes.saved.back(), 1.0f);
  EXPECT_EQ(nodes.runs["Load"], 1);  // used all the time, so kept
}

TEST(Executor, RunsLongChainsWithoutRecursion) {
  FakeNodes nodes;
  ordered_json graph = chain(1, 1);
  std::string last = "3";
  for (int i = 0; i < 3000; ++i) {
    const std::string id = "n" + std::to_string(i);
    graph[id] = {{"class_type", "Add"}, {"inputs", {{"latent", {last, 0}}, {"amount", 1}}}};
    last = id;
  }
  graph["4"]["inputs"]["latent"] = {last, 0};
  nodes.run(graph);
  EXPECT_EQ(nodes.saved, std::vector<float>{3003.0f});
}

}  // namespace
}  // namespace zanime::graph
