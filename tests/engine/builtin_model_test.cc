#include "engine/builtin_model.h"

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/engine.h"
#include "tests/support/environment.h"
#include "tests/support/expect_error.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/synthetic_models_root.h"

namespace zanime::engine {
namespace {

namespace fs = std::filesystem;
using namespace zanime::testing;

// A built-in model of reduced synthetic weights, and a usual models root that the test fills.
class BuiltinModel : public ::testing::Test {
 protected:
  BuiltinModel() {
    place("diffusion_models/tiny-dit-diffusers-fp8.safetensors", builtin_.path(),
          "diffusion_models", builtin::kDiffusionModel);
    place("text_encoders/tiny-qwen3-fp8.safetensors", builtin_.path(), "text_encoders",
          builtin::kTextEncoder);
    place("vae/tiny-vae-full-fp32.safetensors", builtin_.path(), "vae", builtin::kAutoencoder);
  }

  static void place(const std::string& synthetic, const fs::path& root, const std::string& folder,
                    std::string_view name) {
    fs::create_directories(root / folder);
    fs::copy_file(synthetic_models_root() / synthetic, root / folder / name);
  }

  Engine engine(const fs::path& chosen_root = {}) const {
    EngineOptions options;
    options.models_root = chosen_root;
    options.builtin_model = builtin_.path();
    return Engine(options);
  }

  ScratchFolder builtin_, root_;
  ScopedVariable usual_{"ZANIME_MODELS_ROOT", root_.path().string()};
};

TEST_F(BuiltinModel, IsUsedWhereThereIsNoModelAndBringsItsSize) {
  const GenerationParams params = engine().complete({.prompt = "1girl"});
  EXPECT_TRUE(builtin::is_used_by(params));
  EXPECT_EQ(params.model, builtin::kDiffusionModel);
  EXPECT_EQ(params.text_encoder, builtin::kTextEncoder);
  EXPECT_EQ(params.vae, builtin::kAutoencoder);
  EXPECT_EQ(params.width, builtin::kSide);
  EXPECT_EQ(params.height, builtin::kSide);

  const GenerationParams wide = engine().complete({.prompt = "1girl", .width = 256});
  EXPECT_EQ(wide.width, 256);
  EXPECT_EQ(wide.height, builtin::kSide);
}

TEST(BuiltinModelSize, IsToldWhereTheModelDrawsWorse) {
  EXPECT_EQ(builtin::strain(128, 128), "");
  EXPECT_EQ(builtin::strain(64, 128), "");
  EXPECT_EQ(builtin::strain(192, 128),
            "the built-in model was mostly trained on 128 x 128 pixels; 192 x 128 will be rougher");
  EXPECT_EQ(
      builtin::strain(128, 264),
      "the built-in model was trained on at most 256 x 256 pixels; 128 x 264 will fall apart");
}

// The mirror of a text encoder (ModelsRoot) is made by the first run alone.
TEST_F(BuiltinModel, ANewEngineChangesNothingOnDisk) {
  place("text_encoders/tiny-qwen3-fp8.safetensors", root_.path(), "text_encoders",
        "mine.safetensors");
  const fs::path mirror = root_ / "clip" / "mine.safetensors";
  Engine made = engine();
  made.complete({.prompt = "1girl"});
  EXPECT_FALSE(fs::exists(mirror));

  const EngineResult result = made.generate(
      GenerationParams{.prompt = "1girl", .width = 64, .height = 64, .steps = 1}, CancelToken());
  EXPECT_TRUE(fs::equivalent(mirror, root_ / "text_encoders" / "mine.safetensors"));
  EXPECT_EQ(result.params.width, 64);
}

TEST_F(BuiltinModel, APictureSaysHowItWasComputed) {
  for (const auto& [compute, name] :
       {std::pair(ops::Compute::kFloat32, "fp32"), std::pair(ops::Compute::kBFloat16, "bf16"),
        std::pair(ops::Compute::kInt8, "int8")}) {
    EngineOptions options;
    options.builtin_model = builtin_.path();
    options.backend.compute = compute;
    const EngineResult result = Engine(options).generate(
        GenerationParams{.prompt = "1girl", .width = 64, .height = 64, .steps = 1}, CancelToken());
    EXPECT_NE(result.pictures.at(0).parameters.find(std::string(", Compute: ") + name + ", "),
              std::string::npos)
        << result.pictures.at(0).parameters;
  }
}

TEST_F(BuiltinModel, GivesWayToAModelOfTheUsers) {
  place("diffusion_models/tiny-dit-fp8.safetensors", root_.path(), "diffusion_models",
        "mine.safetensors");
  // The rest is missing, which is an error, not a reason to draw with another model.
  expect_error(ErrorKind::kFile, "no model file in", [&] { engine().complete({.prompt = "x"}); });

  place("text_encoders/tiny-qwen3-fp8.safetensors", root_.path(), "text_encoders",
        "te.safetensors");
  place("vae/tiny-vae-full-fp32.safetensors", root_.path(), "vae", "ae.safetensors");
  const GenerationParams params = engine().complete({.prompt = "x"});
  EXPECT_EQ(params.model, "mine.safetensors");
  EXPECT_EQ(params.text_encoder, "te.safetensors");
  EXPECT_EQ(params.width, kDefaultWidth);
  EXPECT_EQ(params.height, kDefaultHeight);
}

TEST_F(BuiltinModel, CanBeAskedForByName) {
  place("diffusion_models/tiny-dit-fp8.safetensors", root_.path(), "diffusion_models",
        "mine.safetensors");
  GenerationParams params{.prompt = "x"};
  params.model = builtin::kDiffusionModel;
  params = engine().complete(params);
  EXPECT_EQ(params.text_encoder, builtin::kTextEncoder);
  EXPECT_EQ(params.width, builtin::kSide);
}

TEST_F(BuiltinModel, DoesNotStandInForAFolderOrAFileThatWasAskedFor) {
  expect_error(ErrorKind::kFile, "no model file in",
               [&] { engine(root_.path()).complete({.prompt = "x"}); });
  GenerationParams params{.prompt = "x"};
  params.model = "z-anime-distill-8step-fp8.safetensors";
  expect_error(ErrorKind::kFile, "zanime fetch", [&] { engine().complete(params); });
}

// A picture made with it runs again where the user has models by now.
TEST_F(BuiltinModel, IsFoundByGraphsWhateverTheRoot) {
  GenerationParams params{.prompt = "1girl", .width = 64, .height = 64, .steps = 1};
  params.seed = 5;
  const EngineResult first = engine().generate(params, CancelToken());
  place("diffusion_models/tiny-dit-fp8.safetensors", root_.path(), "diffusion_models",
        "mine.safetensors");
  const EngineResult again = engine(root_.path()).run(first.graph, CancelToken());
  ASSERT_EQ(again.pictures.size(), 1u);
  EXPECT_TRUE(std::ranges::equal(first.pictures.at(0).pixels.values(),
                                 again.pictures.at(0).pixels.values()));
}

// What the repository ships, not a stand-in: within its size, complete, and able to draw.
TEST(ShippedModel, MakesAPictureThatIsNotFlat) {
  const fs::path folder = builtin::folder();
  ASSERT_FALSE(folder.empty()) << "assets/small-model is not there";
  uintmax_t bytes = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) bytes += entry.file_size();
  }
  EXPECT_LT(bytes, 24'000'000u);

  const ScratchFolder nothing;
  const ScopedVariable root("ZANIME_MODELS_ROOT", nothing.path().string());
  GenerationParams params{.prompt =
                              "1girl, blue hair, twin tails, red eyes, smile, white background"};
  params.seed = 1;
  Engine engine{EngineOptions()};
  const EngineResult result = engine.generate(params, CancelToken());
  const Tensor& pixels = result.pictures.at(0).pixels;
  ASSERT_EQ(pixels.shape(), (Shape{1, builtin::kSide, builtin::kSide, 3}));
  // The corners are background. Somewhere else there is a lot of blue hair.
  const auto at = [&](int64_t y, int64_t x) {
    return pixels.data() + (y * builtin::kSide + x) * 3;
  };
  for (const int64_t x : {int64_t{2}, builtin::kSide - 3}) {
    for (int channel = 0; channel < 3; ++channel) EXPECT_GT(at(2, x)[channel], 0.8f);
  }
  int blue = 0;
  for (int64_t y = 0; y < builtin::kSide; ++y) {
    for (int64_t x = 0; x < builtin::kSide; ++x) {
      blue += at(y, x)[2] > at(y, x)[0] + 0.2f;
    }
  }
  EXPECT_GT(blue, 800);
}

}  // namespace
}  // namespace zanime::engine
