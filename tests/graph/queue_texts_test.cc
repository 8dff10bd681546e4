#include "graph/workflow/queue_texts.h"

#include <cctype>
#include <ctime>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

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

const NodeRegistry& all_nodes() {
  static const NodeRegistry kRegistry = NodeRegistry::standard(/*with_extra_nodes=*/true);
  return kRegistry;
}

// With draws that are the same every time.
std::string chosen(const std::string& text, double draw) {
  return choose_words(text, [draw] { return draw; });
}

TEST(ChooseWords, TakesOneOfTheAlternatives) {
  EXPECT_EQ(chosen("{red|blue|green} hair", 0.0), "red hair");
  EXPECT_EQ(chosen("{red|blue|green} hair", 0.34), "blue hair");
  EXPECT_EQ(chosen("{red|blue|green} hair", 0.9999), "green hair");
  EXPECT_EQ(chosen("a{| b} {c}", 0.0), "a c");
  EXPECT_EQ(chosen("a{| b} {c}", 0.6), "a b c");
  EXPECT_EQ(chosen("{a|{b|c} d|}", 0.5), "c d");
  EXPECT_EQ(chosen("", 0.5), "");
}

TEST(ChooseWords, DrawsInTheOrderOfTheText) {
  int draws = 0;
  EXPECT_EQ(choose_words("{a|b} {c|{d|e}} {f|g}",
                         [&] {
                           constexpr double kDraws[] = {0.9, 0.9, 0.1, 0.9};
                           return kDraws[draws++];
                         }),
            "b d g");
  EXPECT_EQ(draws, 4);
}

TEST(ChooseWords, LeavesOutComments) {
  EXPECT_EQ(chosen("1girl, // later: hat\nsmile /* or\nnot */, sky", 0), "1girl, \nsmile , sky");
  EXPECT_EQ(chosen("a /* open", 0), "a /* open");
  EXPECT_EQ(chosen("a // b", 0), "a ");
}

TEST(ChooseWords, KnowsWhatIsMeantAsItStands) {
  EXPECT_EQ(chosen(R"(\{a\|b\} (c\) \d {x\|y|z})", 0), R"({a|b} (c\) \d x|y)");
  EXPECT_EQ(chosen(R"(a\)", 0), R"(a\)");
  EXPECT_EQ(chosen("a | b } c", 0), "a | b } c");
  EXPECT_EQ(chosen("{a|b, c", 0.9), "b, c");  // the editor's reading of a brace left open
  EXPECT_EQ(chosen("__colour__ {2$$a|b}", 0), "__colour__ 2$$a");
}

TEST(ChooseWords, RefusesEndlessNesting) {
  EXPECT_EQ(chosen(std::string(64, '{') + "x", 0), "x");
  expect_error(ErrorKind::kGraph, "more than 64 deep",
               [] { chosen(std::string(100000, '{') + "x", 0); });
}

TEST(ChooseWords, ChangesTheTextsOfAGraphAlone) {
  ordered_json graph = to_api(plain_editor_workflow(), all_nodes()).graph;
  graph["5"]["inputs"]["text"] = "{a|b}";
  graph["6"]["inputs"]["text"] = ordered_json::array({"20", 0});
  graph["10"]["inputs"]["filename_prefix"] = "{a|b}";
  graph["20"] = {{"class_type", "Unknown"}, {"inputs", {{"text", "{a|b}"}}}};
  ordered_json expected = graph;
  expected["5"]["inputs"]["text"] = "b";
  choose_words(graph, all_nodes(), [] { return 0.7; });
  EXPECT_EQ(graph, expected);
  graph["5"]["inputs"]["text"] = std::string(100, '{');
  expect_error(ErrorKind::kGraph, "CLIPTextEncode (node 5): a text has alternatives",
               [&] { choose_words(graph, all_nodes(), [] { return 0.7; }); });
  ordered_json no_graph = 3;
  choose_words(no_graph, all_nodes(), [] { return 0.7; });
}

TEST(FirstSeed, IsTheFirstPlainOne) {
  ordered_json graph = plain_workflow();
  EXPECT_EQ(first_seed(graph), 42u);
  graph["8"]["inputs"]["seed"] = {"20", 0};
  EXPECT_EQ(first_seed(graph), std::nullopt);
  graph["20"] = {{"class_type", "Seed (rgthree)"}, {"inputs", {{"seed", -1}}}};
  EXPECT_EQ(first_seed(graph), std::nullopt);
  graph["21"] = {{"class_type", "RandomNoise"},
                 {"inputs", {{"noise_seed", 18446744073709551615u}}}};
  EXPECT_EQ(first_seed(graph), 18446744073709551615u);
  EXPECT_EQ(first_seed(ordered_json(3)), std::nullopt);
}

class FileNames : public ::testing::Test {
 protected:
  FileNames() { graph = plain_workflow(); }

  std::string filled_in(const std::string& prefix) {
    ordered_json copy = graph;
    copy["10"]["inputs"]["filename_prefix"] = prefix;
    warnings.clear();
    fill_in_file_names(copy, before, all_nodes(), &warnings);
    return copy["10"]["inputs"]["filename_prefix"];
  }

  ordered_json graph, before = ordered_json::object();
  std::vector<std::string> warnings;
};

TEST_F(FileNames, TakeValuesOfNodes) {
  EXPECT_EQ(filled_in("%KSampler.seed%_%KSampler.steps%-%width%"), "42_8-%width%");
  graph["8"]["inputs"]["cfg"] = 1.0;
  graph["8"]["inputs"]["denoise"] = 0.55;
  EXPECT_EQ(filled_in("%KSampler.cfg% %KSampler.denoise% %KSampler.sampler_name%"), "1 0.55 euler");
  graph["5"]["inputs"]["text"] = "a/b: \"c\"\n<d>|e?*\\f%g";
  EXPECT_EQ(filled_in("%CLIPTextEncode.text%"), "a_b_ _c___d__e___f%g");
  EXPECT_TRUE(warnings.empty());
}

TEST_F(FileNames, FindNodesByTitleToo) {
  graph["6"]["_meta"] = {{"title", "Second"}};
  graph["6"]["inputs"]["text"] = "no hat";
  EXPECT_EQ(filled_in("%Second.text%"), "no hat");
  graph["5"]["_meta"] = {{"name", "Second"}};  // goes before a title
  EXPECT_EQ(filled_in("%Second.text%"), "1girl");
  // Its own name is not its class any more.
  EXPECT_EQ(filled_in("%CLIPTextEncode.text%"), "no hat");
  before["30"] = {{"class_type", "Seed (rgthree)"}, {"inputs", {{"seed", 5}}}};
  EXPECT_EQ(filled_in("%Seed (rgthree).seed%"), "5");
}

TEST_F(FileNames, LeaveWhatTheyDoNotKnow) {
  for (const std::string text : {"%KSampler.sed%", "%Sampler.seed%", "%KSampler.model%"}) {
    EXPECT_EQ(filled_in("a" + text), "a" + text);
    ASSERT_EQ(warnings.size(), 1u) << text;
    expect_contains(warnings[0], "SaveImage (node 10): input `filename_prefix` has \"" + text);
  }
  for (const std::string text : {"100%", "%", "%%", "a%%b", "%year%-%batch_num%", "% . . %"}) {
    EXPECT_EQ(filled_in(text), text);
    EXPECT_TRUE(warnings.empty()) << text;
  }
}

TEST_F(FileNames, WriteTheDate) {
  // Again where midnight fell between the two readings of the clock.
  for (int attempt = 0; attempt < 2; ++attempt) {
    const std::time_t now = std::time(nullptr);
    std::tm local = {};
    localtime_r(&now, &local);
    char date[32];
    std::strftime(date, sizeof date, "%Y-%m-%d %y", &local);
    const std::string name = filled_in("x/%date:yyyy-MM-dd yy%");
    if (name != "x/" + std::string(date) && attempt == 0) continue;
    EXPECT_EQ(name, "x/" + std::string(date));
    const std::string plain =
        std::to_string(local.tm_mon + 1) + "." + std::to_string(local.tm_mday) + " y Q";
    EXPECT_EQ(filled_in("%date:M.d y Q%"), plain);
    break;
  }
  const std::string time = filled_in("%date:hhmmss%");
  ASSERT_EQ(time.size(), 6u);
  for (const char c : time) EXPECT_TRUE(std::isdigit(static_cast<unsigned char>(c))) << time;
}

TEST_F(FileNames, AreFilledInWhereAGraphIsRead) {
  const FakeModelFiles files({{"diffusion_models", {"dit.safetensors"}},
                              {"text_encoders", {"qwen.safetensors"}},
                              {"vae", {"ae.safetensors"}}});
  ordered_json workflow = plain_editor_workflow();
  workflow["nodes"][7]["properties"]["Node name for S&R"] = "Main sampler";
  workflow["nodes"][7]["title"] = "KSampler";
  workflow["nodes"][9]["widgets_values"] = {"%Main sampler.seed%_%Empty Latent Image.width%"};
  const Graph read = read_graph(workflow, all_nodes(), files);
  EXPECT_EQ(read.json["10"]["inputs"]["filename_prefix"], "42_64");
  // What they are filled in with is checked as any name is.
  workflow["nodes"][9]["widgets_values"] = {"../%KSampler.seed%"};
  expect_error(ErrorKind::kGraph, "reaches out of the output folder",
               [&] { read_graph(workflow, all_nodes(), files); });
}

}  // namespace
}  // namespace zanime::graph
