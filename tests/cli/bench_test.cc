// `zanime bench` on reduced files, from outside.
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/support/program_test.h"

namespace zanime::cli {
namespace {

using nlohmann::json;
using namespace zanime::testing;

class BenchProgram : public ProgramTest {
 protected:
  ProgramResult bench(Arguments arguments) const {
    arguments.insert(arguments.begin(), "bench");
    return run(arguments);
  }

  const Arguments models = {"--model",        "tiny-dit-fp8.safetensors",
                            "--text-encoder", "tiny-qwen3-fp8.safetensors",
                            "--vae",          "tiny-vae-full-fp32.safetensors"};
};

TEST_F(BenchProgram, MeasuresEveryStageAtEverySize) {
  Arguments arguments = models;
  arguments.insert(arguments.end(), {"--sizes", "64,128", "--json"});
  const ProgramResult result = bench(arguments);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json report = json::parse(result.out);
  std::vector<std::string> names;
  for (const json& stage : report.at("stages")) {
    names.push_back(stage.at("stage").get<std::string>() +
                    std::to_string(stage.at("side").get<int>()));
    EXPECT_GT(stage.at("seconds").get<double>(), 0) << names.back();
    EXPECT_GT(stage.at("flops").get<double>(), 0) << names.back();
    EXPECT_GT(stage.at("ideal_seconds").get<double>(), 0) << names.back();
    EXPECT_GT(stage.at("peak_anonymous_bytes").get<int64_t>(), 100'000) << names.back();
    EXPECT_GE(stage.at("peak_total_bytes"), stage.at("peak_anonymous_bytes")) << names.back();
  }
  EXPECT_EQ(names,
            (std::vector<std::string>{"encode0", "step64", "step128", "decode64", "decode128"}));
  // Four times the pixels are four times the decoder's work, and more than four times its
  // attention's.
  const auto flops = [&](size_t i) { return report.at("stages")[i].at("flops").get<double>(); };
  EXPECT_NEAR(flops(4) / flops(3), 4, 0.3);
  EXPECT_GT(report.at("launch_to_first_step_seconds").get<double>(), 0);
}

TEST_F(BenchProgram, APictureIsItsParts) {
  Arguments arguments = models;
  arguments.insert(arguments.end(), {"--sizes", "64", "--steps", "3", "--json", "--stages",
                                     "encode,step,decode,picture"});
  const ProgramResult result = bench(arguments);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const json stages = json::parse(result.out).at("stages");
  ASSERT_EQ(stages.size(), 4u);
  EXPECT_EQ(stages[3].at("stage"), "picture");
  const auto flops = [&](size_t i) { return stages[i].at("flops").get<double>(); };
  const double parts = flops(0) + 3 * flops(1) + flops(2);
  // The caption's own branch comes to them.
  EXPECT_GT(flops(3), parts);
  EXPECT_LT(flops(3), parts + flops(1));
}

TEST_F(BenchProgram, FilesGoTogether) {
  const ProgramResult result = bench({"--model", "tiny-dit-fp8.safetensors"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("--text-encoder and --vae go together"), std::string::npos)
      << result.err;
}

TEST_F(BenchProgram, UnknownPrecisionsAreNamed) {
  const ProgramResult result = bench({"--compute", "fp4"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_NE(result.err.find("'fp4'"), std::string::npos) << result.err;
}

}  // namespace
}  // namespace zanime::cli
