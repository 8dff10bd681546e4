// Schedules that need no model against the reference: golden/nodes/sigmas.json.
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/golden.h"
#include "tests/support/run_node.h"

namespace zanime::nodes {
namespace {

using namespace zanime::testing;

Value value_of(const nlohmann::json& json, const InputSpec& input) {
  if (json.is_string()) return json.get<std::string>();
  if (input.type == "INT") return static_cast<WideInt>(json.get<int64_t>());
  return json.get<double>();
}

TEST(SigmaNodes, GiveTheReferencesNoiseLevels) {
  const nlohmann::json cases = golden_json("nodes/sigmas.json");
  ASSERT_EQ(cases.size(), 40u);
  for (const nlohmann::json& test : cases) {
    const std::string node = test["node"];
    SCOPED_TRACE(node + " " + test["inputs"].dump());
    std::map<std::string, Value> inputs;
    for (const auto& [name, value] : test["inputs"].items()) {
      inputs.emplace(name, value_of(value, *node_type(node).find_input(name)));
    }
    const std::vector<float> sigmas = std::get<Sigmas>(run_node(node, inputs).front()).values;
    ASSERT_EQ(sigmas.size(), test["sigmas"].size());
    for (size_t i = 0; i < sigmas.size(); ++i) {
      const float expected = test["sigmas"][i];
      EXPECT_NEAR(sigmas[i], expected, 2e-6f * std::abs(expected)) << "at " << i;
    }
  }
}

std::vector<float> changed(const std::string& node, std::vector<float> sigmas,
                           std::map<std::string, Value> inputs, size_t output = 0) {
  inputs.emplace("sigmas", Sigmas{std::move(sigmas)});
  return std::get<Sigmas>(run_node(node, inputs).at(output)).values;
}

TEST(SigmaNodes, ChangeALevelOrTheOrder) {
  EXPECT_EQ(changed("FlipSigmas", {1.0f, 0.5f, 0.0f}, {}), (std::vector<float>{1e-4f, 0.5f, 1.0f}));
  EXPECT_EQ(changed("SetFirstSigma", {1.0f, 0.5f}, {{"sigma", 0.75}}),
            (std::vector<float>{0.75f, 0.5f}));
  EXPECT_EQ(changed("SplitSigmasDenoise", {4, 3, 2, 1, 0}, {{"denoise", 0.5}}, 0),
            (std::vector<float>{4, 3, 2}));
  EXPECT_EQ(changed("SplitSigmasDenoise", {4, 3, 2, 1, 0}, {{"denoise", 0.5}}, 1),
            (std::vector<float>{2, 1, 0}));
  // A share that rounds to no step leaves the first part empty.
  EXPECT_EQ(changed("SplitSigmasDenoise", {4, 3, 2, 1, 0}, {{"denoise", 0.1}}, 0),
            (std::vector<float>{}));
  EXPECT_EQ(changed("SplitSigmasDenoise", {4, 3, 2, 1, 0}, {{"denoise", 0.1}}, 1),
            (std::vector<float>{0}));
  EXPECT_EQ(changed("ExtendIntermediateSigmas", {2.0f, 1.0f, 0.0f},
                    {{"steps", WideInt{2}},
                     {"start_at_sigma", -1.0},
                     {"end_at_sigma", 1.5},
                     {"spacing", std::string("linear")}}),
            (std::vector<float>{2.0f, 1.5f, 1.0f, 0.0f}));
}

}  // namespace
}  // namespace zanime::nodes
