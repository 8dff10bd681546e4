#include "engine/params_json.h"

#include <string>

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/expect_error.h"

namespace zanime::engine {
namespace {

using nlohmann::ordered_json;
using namespace zanime::testing;

TEST(ParamsJson, AnEmptyObjectIsTheDefaults) {
  EXPECT_EQ(to_json(params_from_json(ordered_json::object())), to_json(GenerationParams()));
}

TEST(ParamsJson, EveryMemberComesBack) {
  const auto object = ordered_json::parse(R"({
    "prompt": "1girl", "negative_prompt": "blurry", "expand": false, "wildcard_seed": 3,
    "width": 640, "height": 960, "steps": 28, "cfg": 4.5, "sampler": "dpmpp_2m",
    "scheduler": "beta", "shift": 2.5, "seed": 18446744073709551615, "batch": 2, "denoise": 0.9,
    "init_image": "a.png", "strength": 0.4, "mask": "b.png", "mask_channel": "red", "hires": 1.5,
    "hires_strength": 0.3, "hires_steps": 5, "hires_from": "latent",
    "loras": [{"name": "x", "strength": 0.5}], "control": "c", "control_image": "d.png",
    "control_strength": 0.7, "control_canny": true, "upscale": "u", "model": "m",
    "text_encoder": "t", "vae": "v"})");
  EXPECT_EQ(to_json(params_from_json(object)), object);
}

TEST(ParamsJson, NullMeansAbsentAndWholeNumbersMayHaveAPoint) {
  const GenerationParams params = params_from_json(
      ordered_json::parse(R"({"seed": null, "width": 64.0, "strength": null, "cfg": 2})"));
  EXPECT_FALSE(params.seed);
  EXPECT_EQ(params.width, 64);
  EXPECT_EQ(params.cfg, 2.0);
}

TEST(ParamsJson, AnAdapterHasThreeForms) {
  const auto loras =
      params_from_json(ordered_json::parse(R"({"loras": ["a", ["b", -1], {"name": "c"}]})")).loras;
  ASSERT_EQ(loras.size(), 3u);
  EXPECT_EQ(loras[0].strength, 1.0);
  EXPECT_EQ(loras[1].name, "b");
  EXPECT_EQ(loras[1].strength, -1.0);
  EXPECT_EQ(loras[2].name, "c");
}

TEST(ParamsJson, WrongTypesAreToldByName) {
  struct Case {
    const char *text, *told;
  };
  for (const auto& [text, told] : {
           Case{R"([1])", "a request is an object"},
           Case{R"({"width": "wide"})", "width is \"wide\", but must be a whole number"},
           Case{R"({"steps": 8.5})", "steps is 8.5, but must be a whole number"},
           Case{R"({"steps": null})", "steps is null, but must be a whole number"},
           Case{R"({"seed": -1})", "seed is -1, but must be a whole number from 0 to 18446744073"},
           Case{R"({"seed": 1e300})", "seed is 1e+300"},
           Case{R"({"seed": true})", "seed is true"},
           Case{R"({"width": 18446744073709551615})", "width is 18446744073709551615"},
           Case{R"({"cfg": "4"})", "cfg is \"4\", but must be a number"},
           Case{R"({"prompt": 1})", "prompt is 1, but must be text"},
           Case{R"({"expand": 1})", "expand is 1, but must be true or false"},
           Case{R"({"loras": "x"})", "loras is \"x\", but must be a list of"},
           Case{R"({"loras": [[1, 2]]})", "but must be a list of"},
           Case{R"({"sampelr": "euler"})", "no member \"sampelr\"; did you mean `sampler`?"},
       }) {
    expect_error(ErrorKind::kUsage, told, [&] { params_from_json(ordered_json::parse(text)); });
  }
  expect_error(ErrorKind::kUsage, "the request has 2 problems", [] {
    params_from_json({{"prompt", 1}, {"seed", "x"}});
  });
}

}  // namespace
}  // namespace zanime::engine
