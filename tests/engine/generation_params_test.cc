#include "engine/generation_params.h"

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/expect_error.h"

namespace zanime::engine {
namespace {

using namespace zanime::testing;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct BrokenRule {
  // What the test runner shows.
  friend void PrintTo(const BrokenRule& rule, std::ostream* out) { *out << rule.name; }

  const char* name;
  std::function<void(GenerationParams&)> change;
  std::vector<std::string> parts;
};

std::vector<BrokenRule> broken_rules() {
  using P = GenerationParams;
  return {
      {"WidthBetweenSteps", [](P& p) { p.width = 830; }, {"width is 830", "824 and 832"}},
      {"WidthTooSmall", [](P& p) { p.width = 63; }, {"width is 63", "64 and 72"}},
      {"WidthZero", [](P& p) { p.width = 0; }, {"width is 0", "64 and 72"}},
      {"WidthNegative",
       [](P& p) { p.width = std::numeric_limits<int64_t>::min(); },
       {"width is -9223372036854775808", "64 and 72"}},
      {"HeightTooLarge", [](P& p) { p.height = 4104; }, {"height is 4104", "4088 and 4096"}},
      {"HeightHuge",
       [](P& p) { p.height = std::numeric_limits<int64_t>::max(); },
       {"height is 9223372036854775807", "4088 and 4096"}},
      {"HeightJustBelowTheTop", [](P& p) { p.height = 4095; }, {"4088 and 4096"}},
      {"StepsZero", [](P& p) { p.steps = 0; }, {"steps is 0", "from 1 to 100"}},
      {"StepsTooMany", [](P& p) { p.steps = 101; }, {"steps is 101"}},
      {"CfgNegative", [](P& p) { p.cfg = -0.5; }, {"cfg is -0.5", "from 0 to 30"}},
      {"CfgTooHigh", [](P& p) { p.cfg = 30.5; }, {"cfg is 30.5"}},
      {"CfgNan", [](P& p) { p.cfg = kNan; }, {"cfg is nan"}},
      {"SamplerMisspelt", [](P& p) { p.sampler = "eulr"; }, {"sampler \"eulr\"", "`euler`"}},
      {"SamplerEmpty", [](P& p) { p.sampler = ""; }, {"sampler \"\"", "there are"}},
      {"SchedulerUnknown",
       [](P& p) { p.scheduler = "quite unlike any"; },
       {"scheduler", "`karras`"}},
      {"ShiftZero", [](P& p) { p.shift = 0; }, {"shift is 0", "above 0"}},
      {"ShiftInfinite", [](P& p) { p.shift = kInfinity; }, {"shift is inf"}},
      {"ShiftNan", [](P& p) { p.shift = kNan; }, {"shift is nan"}},
      {"BatchZero", [](P& p) { p.batch = 0; }, {"batch is 0", "from 1 to 16"}},
      {"BatchTooLarge", [](P& p) { p.batch = 17; }, {"batch is 17"}},
      {"DenoiseTooHigh", [](P& p) { p.denoise = 1.01; }, {"denoise is 1.01", "from 0 to 1"}},
      {"DenoiseNan", [](P& p) { p.denoise = kNan; }, {"denoise is nan"}},
      {"MaskWithoutPicture", [](P& p) { p.mask = "m.png"; }, {"a mask is given", "init image"}},
      {"StrengthWithoutPicture", [](P& p) { p.strength = 0.5; }, {"strength says", "none"}},
      {"StrengthTooHigh",
       [](P& p) {
         p.init_image = "a.png";
         p.strength = 1.5;
       },
       {"strength is 1.5", "from 0 to 1"}},
      {"StrengthAndDenoise",
       [](P& p) {
         p.init_image = "a.png";
         p.denoise = 0.5;
       },
       {"denoise is 0.5", "`strength`"}},
      {"HiresBelowOne", [](P& p) { p.hires = 0.5; }, {"hires is 0.5", "from 1 to 4"}},
      {"HiresNan", [](P& p) { p.hires = kNan; }, {"hires is nan"}},
      {"HiresTooLarge",
       [](P& p) {
         p.width = 2048;
         p.hires = 2.5;
       },
       {"a side of 5120 pixels", "at most 4096"}},
      {"HiresStrength", [](P& p) { p.hires_strength = -1; }, {"hires strength is -1"}},
      {"HiresSteps", [](P& p) { p.hires_steps = 0; }, {"hires steps is 0"}},
      {"HiresFrom", [](P& p) { p.hires_from = "latnet"; }, {"hires source \"latnet\"", "`latent`"}},
      {"LoraStrength",
       [](P& p) {
         p.loras = {{"a", kInfinity}};
       },
       {"the strength of the LoRA \"a\" is inf", "from -100 to 100"}},
      {"LoraWithoutName",
       [](P& p) {
         p.loras = {{"", 1.0}};
       },
       {"a LoRA has no name"}},
      {"BraceInPrompt",
       [](P& p) { p.prompt = "{red|blue hair"; },
       {"the prompt has a { without a } at character 1", "\\{"}},
      {"BraceInNegativePrompt",
       [](P& p) { p.negative_prompt = "a}"; },
       {"the negative prompt has a } without a { at character 2"}},
      {"PromptTooLong",
       [](P& p) { p.prompt = std::string(100000, 'a'); },
       {"the prompt has 100000 characters", "20000"}},
      {"PromptWithZeroByte",
       [](P& p) { p.prompt = std::string("a\0b", 3); },
       {"the prompt has a zero byte at position 1"}},
      {"PromptCutInACharacter",
       [](P& p) { p.prompt = "caf\xc3"; },
       {"the prompt is not valid UTF-8 at byte 3"}},
      {"NegativePromptOverlong",
       [](P& p) { p.negative_prompt = "\xc0\xaf"; },
       {"the negative prompt is not valid UTF-8 at byte 0"}},
      {"PromptWithSurrogate",
       [](P& p) { p.prompt = "ab\xed\xa0\x80"; },
       {"not valid UTF-8 at byte 2"}},
  };
}

class BrokenParams : public ::testing::TestWithParam<BrokenRule> {};

TEST_P(BrokenParams, AreRefusedWithAReason) {
  GenerationParams params;
  GetParam().change(params);
  const Error error = expect_error([&] { validate(params); });
  EXPECT_EQ(error.exit_code(), 2);
  for (const std::string& part : GetParam().parts) expect_contains(error.what(), part);
}

INSTANTIATE_TEST_SUITE_P(Table, BrokenParams, ::testing::ValuesIn(broken_rules()),
                         [](const ::testing::TestParamInfo<BrokenRule>& test) {
                           return std::string(test.param.name);
                         });

TEST(GenerationParams, DefaultsAreTheEightStepWorkflow) {
  const GenerationParams params;
  EXPECT_TRUE(problems_of(params).empty());
  EXPECT_FALSE(params.width.has_value()) << "the model knows its size";
  EXPECT_FALSE(params.height.has_value());
  EXPECT_EQ(params.steps, 8);
  EXPECT_EQ(params.cfg, 1.0);
  EXPECT_EQ(params.sampler, "euler");
  EXPECT_EQ(params.scheduler, "simple");
  EXPECT_EQ(params.shift, 3.0);
  EXPECT_FALSE(params.seed.has_value());
}

TEST(GenerationParams, TheEndsOfRangesAreAllowed) {
  GenerationParams params;
  params.width = 64;
  params.height = 4096;
  params.steps = 100;
  params.cfg = 30;
  params.batch = 16;
  params.denoise = 0;
  params.prompt = std::string(20000, 'a');
  params.negative_prompt = "日本語 \xf0\x9f\x8c\xb8\n\t";
  EXPECT_TRUE(problems_of(params).empty());
}

TEST(GenerationParams, EveryBrokenRuleIsNamed) {
  GenerationParams params;
  params.width = 1;
  params.steps = 0;
  params.cfg = 99;
  const Error error = expect_error([&] { validate(params); });
  for (const char* part : {"3 problems", "width is 1", "steps is 0", "cfg is 99"}) {
    expect_contains(error.what(), part);
  }
}

TEST(GenerationParams, RandomSeedsDiffer) { EXPECT_NE(random_seed(), random_seed()); }

}  // namespace
}  // namespace zanime::engine
