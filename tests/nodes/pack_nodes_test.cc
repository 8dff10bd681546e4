// Nodes of other packs, each run by itself; the values were reckoned by hand or with Python.
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "nodes/text/python_value.h"
#include "tests/support/expect_error.h"
#include "tests/support/run_node.h"

namespace zanime::nodes {
namespace {

using namespace zanime::testing;
using Inputs = std::map<std::string, Value>;

std::string text_of(const char* value) { return value; }

// All outputs, as Python shows them.
std::vector<std::string> outputs(const std::string& class_name, Inputs inputs) {
  std::vector<std::string> all;
  for (const Value& value : run_node(class_name, std::move(inputs))) all.push_back(repr(value));
  return all;
}
using Shown = std::vector<std::string>;

// One channel, so that a value is a pixel.
Image grey(int64_t height, int64_t width, const std::vector<float>& values) {
  return {Tensor::from(Shape{1, height, width, 1}, values)};
}
std::vector<float> values_of(const Value& value) {
  const Tensor& pixels = std::get<Image>(value).pixels;
  return {pixels.values().begin(), pixels.values().end()};
}

TEST(PackNumbers, ReckonAsPython) {
  const auto easy = [](int a, int b, const char* operation) {
    return outputs("easy mathInt",
                   {{"a", WideInt{a}}, {"b", WideInt{b}}, {"operation", text_of(operation)}});
  };
  EXPECT_EQ(easy(7, -2, "divide"), Shown{"-4"});
  EXPECT_EQ(easy(-7, 3, "modulo"), Shown{"2"});
  EXPECT_EQ(easy(2, 10, "power"), Shown{"1024"});
  EXPECT_EQ(outputs("easy mathFloat", {{"a", 1.0}, {"b", 3.0}, {"operation", text_of("divide")}}),
            Shown{"0.333"});
  EXPECT_EQ(outputs("SimpleMath+", {{"value", text_of("a*2+b")}, {"a", text_of("3")}, {"b", 0.5}}),
            (Shown{"6", "6.5"}));
  EXPECT_EQ(outputs("SimpleMath+",
                    {{"value", text_of("a[2] // 3")}, {"a", grey(2, 7, std::vector<float>(14))}}),
            (Shown{"2", "2.0"}));
  EXPECT_EQ(outputs("MathExpression|pysssss", {{"expression", text_of("a.width * 2\n+ b.height")},
                                               {"a", grey(3, 4, std::vector<float>(12))},
                                               {"b", Latent{Tensor::zeros(Shape{1, 16, 8, 5})}}}),
            (Shown{"72", "72.0"}));
  EXPECT_EQ(outputs("Number Operation", {{"number_a", WideInt{7}},
                                         {"number_b", 2.0},
                                         {"operation", text_of("floor division")}}),
            (Shown{"3.0", "3.0", "3"}));
  EXPECT_EQ(outputs("CR Value", {{"value", -2.7}}), (Shown{"-2.7", "-2", "''"}));
  EXPECT_EQ(outputs("Largest Int (JPS)", {{"int_a", WideInt{4}}, {"int_b", WideInt{9}}}),
            (Shown{"9", "4", "0"}));
}

TEST(PackNumbers, CompareAndConvert) {
  const auto compare = [](const char* how, Value a, Value b) {
    return outputs("ImpactCompare", {{"cmp", text_of(how)}, {"a", a}, {"b", b}});
  };
  EXPECT_EQ(compare("a <> b", WideInt{1}, 1.0), Shown{"False"});
  EXPECT_EQ(compare("a >= b", 2.0, WideInt{2}), Shown{"True"});
  EXPECT_EQ(outputs("easy compare",
                    {{"a", WideInt{5}}, {"b", WideInt{-1}}, {"comparison", text_of("b <= 0")}}),
            Shown{"True"});
  EXPECT_EQ(outputs("ImpactValueReceiver", {{"typ", text_of("INT")}, {"value", text_of("12")}}),
            Shown{"12"});
  EXPECT_EQ(outputs("ImpactLogicalOperators",
                    {{"operator", text_of("xor")}, {"bool_a", true}, {"bool_b", true}}),
            Shown{"False"});
  expect_error(ErrorKind::kGraph, "input `number` is 'many', but must be a number", [] {
    run_node("Number to Int", {{"number", text_of("many")}});
  });
}

TEST(PackTexts, JoinAndReplace) {
  EXPECT_EQ(outputs("JoinStringMulti", {{"inputcount", WideInt{3}},
                                        {"string_1", text_of("a")},
                                        {"string_2", text_of("")},
                                        {"string_3", text_of("c")},
                                        {"delimiter", text_of(", ")},
                                        {"return_list", false}}),
            Shown{"'a, c'"});
  EXPECT_EQ(outputs("Text Concatenate", {{"delimiter", text_of("\\n")},
                                         {"clean_whitespace", text_of("true")},
                                         {"text_a", text_of(" a ")},
                                         {"text_b", text_of("  ")},
                                         {"text_d", text_of("d")}}),
            Shown{"'a\\nd'"});
  EXPECT_EQ(outputs("Text Multiline", {{"text", text_of("one\n  # two\nthree")}}),
            Shown{"'one\\nthree'"});
  EXPECT_EQ(outputs("CR Text Replace", {{"text", text_of("a b c")},
                                        {"find1", text_of("b")},
                                        {"replace1", text_of("c")},
                                        {"find2", text_of("c")},
                                        {"replace2", text_of("d")}})[0],
            "'a d d'");
  EXPECT_EQ(outputs("String Replace (mtb)", {{"string", text_of("cat, hat")},
                                             {"old", text_of("(.)at")},
                                             {"new", text_of("\\1og")},
                                             {"use_regex", true}}),
            Shown{"'cog, hog'"});
  EXPECT_EQ(outputs("StringFunction|pysssss", {{"action", text_of("append")},
                                               {"tidy_tags", text_of("yes")},
                                               {"text_a", text_of("a  ,b")},
                                               {"text_c", text_of("c ")}}),
            Shown{"'a,b, c'"});
  const auto list = nlohmann::ordered_json::parse(
      R"([{"text": "one", "active": true}, {"text": "two", "active": false}, {"text": "three"}])");
  EXPECT_EQ(outputs("TriggerWord Toggle (LoraManager)",
                    {{"toggle_trigger_words", Json{{{"__value__", list}}}}}),
            Shown{"'one, three'"});
}

TEST(PackSizes, AreThoseOfTheirNames) {
  std::vector<Value> social = run_node("CR Aspect Ratio Social Media",
                                       {{"width", WideInt{64}},
                                        {"height", WideInt{64}},
                                        {"aspect_ratio", text_of("YouTube Banner - 2560×1440")},
                                        {"swap_dimensions", text_of("On")},
                                        {"upscale_factor", 1.0},
                                        {"prescale_factor", 0.5},
                                        {"batch_size", WideInt{2}}});
  EXPECT_EQ(repr(social[0]), "720");
  EXPECT_EQ(repr(social[1]), "1280");
  EXPECT_EQ(std::get<Latent>(social[5]).samples.shape(), (Shape{2, 4, 160, 90}));
  const auto latent = [](const char* class_name, Inputs inputs) {
    return std::get<Latent>(run_node(class_name, std::move(inputs)).at(0)).samples.shape();
  };
  EXPECT_EQ(latent("EmptyZImageLatentImage //ZImagePowerNodes",
                   {{"landscape", true},
                    {"ratio", text_of("16:9  (widescreen)")},
                    {"size", text_of("medium (recommended)")},
                    {"batch_size", WideInt{1}}}),
            (Shape{1, 16, 124, 220}));
  EXPECT_EQ(latent("EmptyLatentImagePresets", {{"dimensions", text_of("960 x 512 (1.875:1)")},
                                               {"invert", true},
                                               {"batch_size", WideInt{3}}}),
            (Shape{3, 4, 120, 64}));
  EXPECT_EQ(latent("SDXLEmptyLatentSizePicker+", {{"resolution", text_of("704x1408 (0.5)")},
                                                  {"batch_size", WideInt{1}},
                                                  {"width_override", WideInt{0}},
                                                  {"height_override", WideInt{512}}}),
            (Shape{1, 4, 64, 88}));
  EXPECT_EQ(outputs("GetImageSize+", {{"image", grey(2, 5, std::vector<float>(10))}}),
            (Shown{"5", "2", "1"}));
  expect_error(ErrorKind::kGraph, "names no size", [&] {
    latent("EmptyLatentImageCustomPresets",
           {{"dimensions", text_of("wide (21:9)")}, {"invert", false}, {"batch_size", WideInt{1}}});
  });
}

TEST(PackPictures, AreCutPaddedOrContained) {
  const Image wide = grey(2, 4, {1, 2, 3, 4, 5, 6, 7, 8});
  const auto resize = [&](const char* fit, const char* unit, int width, int height) {
    return run_node("Image Resize (rgthree)", {{"image", wide},
                                               {"measurement", text_of(unit)},
                                               {"width", WideInt{width}},
                                               {"height", WideInt{height}},
                                               {"fit", text_of(fit)},
                                               {"method", text_of("nearest-exact")}});
  };
  EXPECT_EQ(values_of(resize("crop", "pixels", 2, 2)[0]), (std::vector<float>{2, 3, 6, 7}));
  // Columns 1 and 3 of the lower row, as the centres say; below it the empty rest.
  EXPECT_EQ(values_of(resize("pad", "pixels", 2, 2)[0]), (std::vector<float>{6, 8, 0, 0}));
  EXPECT_EQ(values_of(resize("contain", "pixels", 2, 2)[0]), (std::vector<float>{6, 8}));
  EXPECT_EQ(repr(resize("crop", "percentage", 50, 0)[2]), "1");
  EXPECT_EQ(values_of(resize("pad", "pixels", 4, 2)[0]), values_of(wide));

  const auto kj = [&](const char* mode, const char* position, int width, int height, int step) {
    return run_node("ImageResizeKJv2", {{"image", wide},
                                        {"width", WideInt{width}},
                                        {"height", WideInt{height}},
                                        {"upscale_method", text_of("nearest-exact")},
                                        {"keep_proportion", text_of(mode)},
                                        {"pad_color", text_of("255, 0, 0")},
                                        {"crop_position", text_of(position)},
                                        {"divisible_by", WideInt{step}}});
  };
  EXPECT_EQ(values_of(kj("crop", "right", 2, 2, 1)[0]), (std::vector<float>{3, 4, 7, 8}));
  EXPECT_EQ(values_of(kj("pad", "bottom", 2, 2, 1)[0]), (std::vector<float>{1, 1, 6, 8}));
  EXPECT_EQ(repr(kj("resize", "center", 0, 1, 1)[1]), "2");
  EXPECT_EQ(repr(kj("stretch", "center", 5, 3, 2)[1]), "4");
  EXPECT_EQ(repr(kj("total_pixels", "center", 4, 8, 1)[1]), "8");

  const auto essential = [&](const char* method, const char* condition, int width, int height) {
    return run_node("ImageResize+",
                    {{"image", grey(2, 4, {0.1f, 0.2f, 0.3f, 0.4f, 0.5f, 0.6f, 0.7f, 0.8f})},
                     {"width", WideInt{width}},
                     {"height", WideInt{height}},
                     {"interpolation", text_of("nearest-exact")},
                     {"method", text_of(method)},
                     {"condition", text_of(condition)},
                     {"multiple_of", WideInt{0}}});
  };
  EXPECT_EQ(values_of(essential("fill / crop", "always", 2, 2)[0]),
            (std::vector<float>{0.2f, 0.3f, 0.6f, 0.7f}));
  EXPECT_EQ(values_of(essential("pad", "always", 2, 2)[0]),
            (std::vector<float>{0.6f, 0.8f, 0.0f, 0.0f}));
  EXPECT_EQ(repr(essential("stretch", "upscale if smaller", 2, 2)[1]), "4");
}

TEST(PackPictures, AreSharpenedByTheirContrast) {
  const Image picture = grey(3, 4,
                             {0.3750f, 0.5000f, 0.5625f, 0.4375f, 0.3125f, 0.5000f, 0.7500f,
                              0.6250f, 0.2500f, 0.3750f, 0.5625f, 0.5000f});
  const std::vector<float> sharp =
      values_of(run_node("ImageCASharpening+", {{"image", picture}, {"amount", 0.8}})[0]);
  const std::vector<float> expected{0.375000f, 0.500000f, 0.562500f, 0.437500f,
                                    0.312500f, 0.514682f, 1.000000f, 0.625000f,
                                    0.250000f, 0.375000f, 0.562500f, 0.500000f};
  ASSERT_EQ(sharp.size(), expected.size());
  for (size_t i = 0; i < sharp.size(); ++i) EXPECT_NEAR(sharp[i], expected[i], 2e-6f) << i;
}

TEST(PackSampling, LevelsFallEvenly) {
  const std::vector<Value> sigmas = run_node("CapitanZiTLinearSigma", {{"steps", WideInt{4}}});
  EXPECT_EQ(std::get<Sigmas>(sigmas[0]).values, (std::vector<float>{1, 0.75, 0.5, 0.25, 0}));
}

}  // namespace
}  // namespace zanime::nodes
