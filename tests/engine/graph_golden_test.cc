// The graphs of golden/graphs, node for node as people share them, against ComfyUI.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "engine/models_root.h"
#include "graph/executor.h"
#include "graph/read_graph.h"
#include "tests/support/backends.h"
#include "tests/support/golden.h"
#include "tests/support/random_tensor.h"
#include "tests/support/synthetic_models_root.h"
#include "weights/safetensors.h"

namespace zanime::engine {
namespace {

using nlohmann::ordered_json;
using namespace zanime::testing;

constexpr double kGraphLatentTolerance = 2e-4;  // of the largest value
constexpr double kLowestGraphPsnr = 50.0;       // dB

const ordered_json& all_graphs() {
  static const ordered_json graphs =
      ordered_json::parse(std::ifstream(golden_path("graphs/graphs.json")));
  return graphs;
}

std::vector<std::string> graph_names() {
  std::vector<std::string> names;
  for (const auto& [name, graph] : all_graphs().items()) names.push_back(name);
  return names;
}

// The models that the graphs name, and their input pictures.
class GraphFiles : public nodes::ModelFiles {
 public:
  std::vector<std::string> list(const std::string& folder) const override {
    if (folder != "input") return models_.list(folder);
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(golden_path("graphs"))) {
      names.push_back(entry.path().filename());
    }
    std::sort(names.begin(), names.end());
    return names;
  }
  std::filesystem::path find(const std::string& folder, const std::string& name) const override {
    return folder == "input" ? golden_path("graphs/" + name) : models_.find(folder, name);
  }

 private:
  ModelsRoot models_{synthetic_models_root()};
};

// What the graph's SaveImage and SaveLatent are given.
class Results : public nodes::PictureSink {
 public:
  void save(const std::string&, const nodes::Image& image, const std::string&,
            const ordered_json&) override {
    picture = image.pixels;
  }
  void save_latent(const std::string&, const nodes::Latent& saved, const std::string&,
                   const ordered_json&) override {
    latent = saved.samples;
  }

  Tensor picture;
  Tensor latent;
};

// Between a picture of values 0 to 1 that SaveImage would write in 8 bits, and those 8 bits.
double psnr(const Tensor& picture, const Tensor& expected) {
  double squares = 0;
  for (int64_t i = 0; i < picture.size(); ++i) {
    const double difference = std::floor(255.0f * picture.data()[i]) - expected.data()[i];
    squares += difference * difference;
  }
  const double mean = squares / static_cast<double>(picture.size());
  return mean == 0 ? INFINITY : 10 * std::log10(255.0 * 255.0 / mean);
}

class GoldenGraph : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenGraph, GivesTheReferencesLatentAndPicture) {
  const ordered_json& graph = all_graphs().at(GetParam());
  const graph::NodeRegistry registry = graph::NodeRegistry::standard(/*with_extra_nodes=*/true);
  for (const auto& [id, node] : graph.items()) {
    const std::string class_type = node.at("class_type");
    if (registry.find(class_type) == nullptr) GTEST_SKIP() << "no node " << class_type << " yet";
  }

  const GraphFiles files;
  const CancelToken cancel;
  Results results;
  graph::Executor executor(testing::float32_backend(), files);
  executor.run(graph::read_graph(graph, registry, files), {results, cancel, {}});

  const auto golden = weights::open_safetensors(golden_path("graphs/graphs.safetensors"));
  const Tensor latent = golden->read_float32(GetParam() + "/latent");
  ASSERT_EQ(results.latent.shape(), latent.shape());
  EXPECT_LE(max_difference(results.latent, latent), kGraphLatentTolerance * max_magnitude(latent));
  const Tensor picture = golden->read_float32(GetParam() + "/image");
  ASSERT_EQ(results.picture.shape(), picture.shape());
  EXPECT_GE(psnr(results.picture, picture), kLowestGraphPsnr);
}

INSTANTIATE_TEST_SUITE_P(All, GoldenGraph, ::testing::ValuesIn(graph_names()),
                         [](const ::testing::TestParamInfo<std::string>& test) {
                           std::string name = test.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

}  // namespace
}  // namespace zanime::engine
