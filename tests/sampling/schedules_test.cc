#include "sampling/schedules.h"

#include <cmath>
#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/golden.h"

namespace zanime::sampling {
namespace {

// JSON has no NaN; the reference gives one for kl_optimal in one step, written here as null.
nlohmann::json golden_sigmas() {
  std::ifstream file(testing::golden_path("sigmas.json"));
  std::string text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (size_t at = 0; (at = text.find("NaN", at)) != std::string::npos;) {
    text.replace(at, 3, "null");
  }
  return nlohmann::json::parse(text);
}

TEST(Schedules, EqualTheReference) {
  const nlohmann::json cases = golden_sigmas();
  ASSERT_EQ(cases.size(), 2268u);
  for (const auto& golden : cases) {
    const FlowSchedule flow =
        golden["shift"].is_null() ? FlowSchedule() : FlowSchedule(golden["shift"].get<double>());
    const std::vector<float> sigmas =
        make_sigmas(golden["scheduler"].get<std::string>(), flow, golden["steps"],
                    golden["denoise"], golden["sampler"].get<std::string>());
    nlohmann::json name = golden;
    name.erase("sigmas");
    SCOPED_TRACE(name.dump());
    ASSERT_EQ(sigmas.size(), golden["sigmas"].size());
    for (size_t i = 0; i < sigmas.size(); ++i) {
      if (golden["sigmas"][i].is_null()) {
        ASSERT_TRUE(std::isnan(sigmas[i]));
      } else {
        ASSERT_NEAR(sigmas[i], golden["sigmas"][i].get<double>(), 2e-6) << i;
      }
    }
  }
}

TEST(Schedules, NamesAreInTheOrderOfTheWidget) {
  const std::vector<std::string> expected = {"simple",      "sgm_uniform",      "karras",
                                             "exponential", "ddim_uniform",     "beta",
                                             "normal",      "linear_quadratic", "kl_optimal"};
  EXPECT_EQ(scheduler_names(), expected);
}

TEST(Schedules, AreDescendingForManyStepCounts) {
  for (const std::string& name : scheduler_names()) {
    for (const double shift : {0.5, 1.0, 3.0, 100.0}) {
      for (const int steps : {2, 3, 7, 100, 999, 1500}) {
        const std::vector<float> sigmas = make_sigmas(name, FlowSchedule(shift), steps);
        SCOPED_TRACE(name + " " + std::to_string(shift) + " " + std::to_string(steps));
        ASSERT_GE(sigmas.size(), 2u);
        for (size_t i = 1; i < sigmas.size(); ++i) ASSERT_LE(sigmas[i], sigmas[i - 1]) << i;
        EXPECT_LE(sigmas.front(), 1.0f + 1e-6f);
      }
    }
  }
}

TEST(Schedules, NoDenoiseGivesNoSigmas) {
  EXPECT_TRUE(make_sigmas("simple", FlowSchedule(), 8, 0.0).empty());
}

TEST(Schedules, BadRequestsSayWhatToDo) {
  const FlowSchedule flow;
  testing::expect_error(ErrorKind::kUsage, "simple, sgm_uniform",
                        [&] { make_sigmas("cosine", flow, 8); });
  testing::expect_error(ErrorKind::kUsage, "at least 1", [&] { make_sigmas("simple", flow, 0); });
  testing::expect_error(ErrorKind::kUsage, "raise denoise",
                        [&] { make_sigmas("simple", flow, 100, 1e-9); });
}

TEST(FlowSchedule, PercentRunsFromNoiseToPicture) {
  const FlowSchedule flow(3.0);
  EXPECT_EQ(flow.percent_to_sigma(0.0), 1.0);
  EXPECT_EQ(flow.percent_to_sigma(1.0), 0.0);
  EXPECT_DOUBLE_EQ(flow.percent_to_sigma(0.5), 0.75);
  EXPECT_EQ(flow.table().size(), 1000u);
  EXPECT_EQ(flow.sigma_max(), 1.0f);
}

}  // namespace
}  // namespace zanime::sampling
