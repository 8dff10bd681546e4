// The graphs of golden/nodes, one for each node type and option, against ComfyUI.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "graph/executor.h"
#include "graph/read_graph.h"
#include "tests/support/backends.h"
#include "tests/support/deep_pictures.h"
#include "tests/support/golden.h"
#include "tests/support/node_golden_models.h"
#include "tests/support/random_tensor.h"
#include "tests/support/synthetic_models.h"
#include "weights/safetensors.h"

namespace zanime::engine {
namespace {

using nlohmann::ordered_json;
using namespace zanime::testing;

// What golden/nodes/README.md counts as equal.
constexpr double kNodeLatentTolerance = 2e-4;  // of the largest value
constexpr double kNearLevels = 1, kFarLevels = 3;
constexpr double kNearShare = 0.999;
constexpr double kNearDeepLevels = 2, kFarDeepLevels = 8;  // of 16 bits
constexpr double kExrTolerance = 1e-4;

const ordered_json& node_graphs() {
  static const ordered_json graphs =
      ordered_json::parse(std::ifstream(golden_path("nodes/graphs.json")));
  return graphs;
}

std::vector<std::string> node_graph_names() {
  std::vector<std::string> names;
  for (const auto& [name, graph] : node_graphs().items()) names.push_back(name);
  return names;
}

const weights::WeightFile& node_results() {
  static const auto file = weights::open_safetensors(golden_path("nodes/results.safetensors"));
  return *file;
}

// The names of node types in a graph that this program lacks.
std::set<std::string> missing_types(const ordered_json& graph,
                                    const graph::NodeRegistry& registry) {
  std::set<std::string> missing;
  for (const auto& [id, node] : graph.items()) {
    const std::string class_type = node.at("class_type");
    if (registry.find(class_type) == nullptr) missing.insert(class_type);
  }
  return missing;
}

// The graphs to run for a result: a graph that loads a saved model needs the one before it in the
// file, which saves that model.
std::vector<std::string> graphs_to_run(const std::string& name) {
  const std::vector<std::string> names = node_graph_names();
  const auto place = std::find(names.begin(), names.end(), name);
  if (node_graphs().at(name).dump().find("roundtrip_00001_") == std::string::npos) return {name};
  return {*(place - 1), name};
}

// Where graphs save models, and where those that load them look.
std::filesystem::path saved_models() { return synthetic_folder() / "saved"; }

class NodeGraphFiles : public nodes::ModelFiles {
 public:
  std::vector<std::string> list(const std::string&) const override { return {}; }
  std::filesystem::path find(const std::string& folder, const std::string& name) const override {
    const std::filesystem::path saved = saved_models() / folder / name;
    if (std::filesystem::exists(saved)) return saved;
    const std::filesystem::path path =
        folder == "input" ? golden_path("nodes/" + name) : node_golden_model(folder, name);
    if (!path.empty() && std::filesystem::exists(path)) return path;
    throw Error(ErrorKind::kFile, "there is no " + folder + "/" + name);
  }
};

// [batch, …] one after the other.
Tensor joined(const std::vector<Tensor>& parts) {
  int64_t batch = 0;
  std::vector<float> values;
  for (const Tensor& part : parts) {
    batch += part.dim(0);
    values.insert(values.end(), part.values().begin(), part.values().end());
  }
  std::vector<int64_t> sizes;
  for (int axis = 0; axis < parts.front().rank(); ++axis) sizes.push_back(parts.front().dim(axis));
  sizes.front() = batch;
  return Tensor::from(Shape{sizes}, values);
}

// What the graph's savers are given, by the key that it has in results.safetensors.
class NodeGraphResults : public nodes::PictureSink {
 public:
  explicit NodeGraphResults(std::string name) : name_(std::move(name)) {}

  void save(const std::string&, const nodes::Image& image, const std::string& prefix,
            const ordered_json&) override {
    results_[prefix == name_ + "-mask" ? "mask" : "image"].push_back(image.pixels);
  }
  void save_latent(const std::string&, const nodes::Latent& latent, const std::string&,
                   const ordered_json&) override {
    results_["latent"].push_back(latent.samples);
  }
  void save_file(const nodes::FileToSave& file) override {
    const std::filesystem::path path = saved_models() / (file.prefix + "_00001_" + file.extension);
    std::filesystem::create_directories(path.parent_path());
    std::filesystem::remove(path);
    ASSERT_TRUE(file.write(path));
    if (file.extension == ".safetensors") return;
    std::ostringstream text;
    text << std::ifstream(path, std::ios::binary).rdbuf();
    const std::string content = text.str();
    const std::span<const std::byte> bytes = std::as_bytes(std::span(content));
    const bool is_animated = content.find("acTL") != std::string::npos;
    if (file.extension == ".exr") {
      results_["exr"].push_back(read_exr(bytes));
    } else if (file.extension == ".png" && !is_animated) {
      results_["image16"].push_back(read_deep_png(bytes));
    } else {
      const Animation animation =
          is_animated ? read_animated_png(bytes) : read_animated_webp(bytes);
      results_["frames"].push_back(animation.frames);
      milliseconds_ = animation.milliseconds;
    }
  }

  const std::vector<int64_t>& milliseconds() const { return milliseconds_; }
  // Empty where there is none.
  Tensor result(const std::string& kind) const {
    const auto found = results_.find(kind);
    return found == results_.end() ? Tensor() : joined(found->second);
  }

 private:
  std::string name_;
  std::map<std::string, std::vector<Tensor>> results_;
  std::vector<int64_t> milliseconds_;  // of the frames of an animation
};

// A picture of values 0 to 1 as SaveImage writes it in 8 bits.
Tensor eight_bit(const Tensor& picture) {
  Tensor levels = picture.clone();
  for (float& value : levels.values()) {
    value = std::floor(255.0f * std::clamp(value, 0.0f, 1.0f));
  }
  return levels;
}

// One channel as often as asked for: equal channels are kept once.
Tensor with_channels(const Tensor& picture, int64_t channels) {
  if (picture.dim(3) == channels || picture.dim(3) != 1) return picture;
  Tensor out(Shape{picture.dim(0), picture.dim(1), picture.dim(2), channels});
  for (int64_t i = 0; i < out.size(); ++i) out.data()[i] = picture.data()[i / channels];
  return out;
}

// How far apart the values of two tensors of one shape are.
struct Differences {
  double largest = 0;
  double share_above = 0;  // of values further apart than a limit
  double psnr = 0;         // of 8-bit values, dB
};
Differences differences(const Tensor& a, const Tensor& b, double limit) {
  Differences found;
  double squares = 0, above = 0;
  for (int64_t i = 0; i < a.size(); ++i) {
    const double difference = std::fabs(double{a.data()[i]} - double{b.data()[i]});
    found.largest = std::max(found.largest, difference);
    squares += difference * difference;
    above += difference > limit ? 1 : 0;
  }
  const auto count = static_cast<double>(a.size());
  found.share_above = above / count;
  found.psnr = squares == 0 ? INFINITY : 10 * std::log10(255.0 * 255.0 * count / squares);
  return found;
}

// Of values that a file holds: most within `near` levels, all within `far`.
void expect_levels(const Tensor& levels, const Tensor& expected, const ordered_json& exceptions,
                   double near = kNearLevels, double far = kFarLevels) {
  ASSERT_FALSE(levels.empty()) << "nothing was saved";
  ASSERT_EQ(levels.shape(), expected.shape());
  const Differences found = differences(levels, expected, near);
  if (exceptions.contains("psnr")) {
    EXPECT_GE(found.psnr, exceptions.at("psnr").get<double>());
    return;
  }
  EXPECT_LE(found.largest, far);
  EXPECT_LE(found.share_above, 1 - kNearShare);
}

void expect_picture(const Tensor& picture, const Tensor& golden, const ordered_json& exceptions) {
  ASSERT_FALSE(picture.empty()) << "nothing was saved";
  expect_levels(eight_bit(picture), with_channels(golden, picture.dim(3)), exceptions);
}

void expect_latent(const Tensor& latent, const Tensor& golden, const ordered_json& exceptions) {
  ASSERT_FALSE(latent.empty()) << "nothing was saved";
  ASSERT_EQ(latent.shape(), golden.shape());
  const double tolerance = exceptions.value("latent", kNodeLatentTolerance);
  EXPECT_LE(max_difference(latent, golden), tolerance * max_magnitude(golden));
}

class GoldenNode : public ::testing::TestWithParam<std::string> {};

TEST_P(GoldenNode, GivesTheReferencesResult) {
  const std::string& name = GetParam();
  const graph::NodeRegistry registry = graph::NodeRegistry::standard(/*with_extra_nodes=*/true);
  std::string missing;
  for (const std::string& needed : graphs_to_run(name)) {
    for (const std::string& type : missing_types(node_graphs().at(needed), registry)) {
      missing += " " + type;
    }
  }
  if (!missing.empty()) GTEST_SKIP() << "missing:" << missing;
  if (name == "CLIPMergeSimple") {
    GTEST_SKIP() << "the reference rounds this result at random to 8 bits; "
                    "tests/checkpoints/merge_test.cc holds the exact one";
  }
  const NodeGraphFiles files;
  const CancelToken cancel;
  NodeGraphResults results(name);
  for (const std::string& needed : graphs_to_run(name)) {
    results = NodeGraphResults(needed);
    graph::Executor executor(testing::float32_backend(), files);
    executor.run(graph::read_graph(node_graphs().at(needed), registry, files),
                 {results, cancel, {}});
  }

  static const ordered_json cases =
      ordered_json::parse(std::ifstream(golden_path("nodes/cases.json")));
  const ordered_json exceptions = cases.value(name, ordered_json::object());
  for (const std::string kind : {"image", "mask"}) {
    if (node_results().find(name + "/" + kind) == nullptr) continue;
    SCOPED_TRACE(kind);
    expect_picture(results.result(kind), node_results().read_float32(name + "/" + kind),
                   exceptions);
  }
  const auto golden = [&](const std::string& kind) {
    return node_results().read_float32(name + "/" + kind);
  };
  if (node_results().find(name + "/image16") != nullptr) {
    expect_levels(results.result("image16"), golden("image16"), exceptions, kNearDeepLevels,
                  kFarDeepLevels);
  }
  if (node_results().find(name + "/frames") != nullptr) {
    expect_levels(results.result("frames"), golden("frames"), exceptions);
    EXPECT_EQ(results.milliseconds(), exceptions.at("durations").get<std::vector<int64_t>>());
  }
  if (node_results().find(name + "/exr") != nullptr) {
    const Tensor samples = results.result("exr");
    ASSERT_EQ(samples.shape(), golden("exr").shape());
    EXPECT_LE(max_difference(samples, golden("exr")), kExrTolerance);
  }
  if (node_results().find(name + "/latent") != nullptr) {
    expect_latent(results.result("latent"), node_results().read_float32(name + "/latent"),
                  exceptions);
  }
}

INSTANTIATE_TEST_SUITE_P(All, GoldenNode, ::testing::ValuesIn(node_graph_names()),
                         [](const ::testing::TestParamInfo<std::string>& test) {
                           std::string name = test.param;
                           for (char& c : name) {
                             if (!isalnum(static_cast<unsigned char>(c))) c = '_';
                           }
                           return name;
                         });

}  // namespace
}  // namespace zanime::engine
