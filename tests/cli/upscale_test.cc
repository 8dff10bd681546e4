// Upscale models and control nets from the command line.
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "tests/support/expect_error.h"
#include "tests/support/program_test.h"
#include "tests/support/random_tensor.h"

namespace zanime::cli {
namespace {

namespace fs = std::filesystem;
using namespace zanime::testing;

// The reduced models with a small upscaler and a small control net beside them.
class LargerPictures : public ProgramTest {
 protected:
  LargerPictures() {
    for (const std::string name : {"diffusion_models", "text_encoders", "vae"}) {
      fs::create_directories(folder / "models");
      fs::create_directory_symlink(synthetic_models_root() / name, folder.path() / "models" / name);
    }
    for (const std::string name : {"upscale_models", "model_patches"}) {
      fs::create_directories(folder.path() / "models" / name);
    }
    environment["ZANIME_MODELS_ROOT"] = (folder / "models").string();
    EXPECT_EQ(run({"lab", "synth", "upscaler", "--kind", "compact", "--scale", "2", "--features",
                   "4", "--blocks", "1", "-o", "models/upscale_models/x2.safetensors"})
                  .exit_code,
              0);
    EXPECT_EQ(run({"lab", "synth", "control", "--dim", "256", "--head-dim", "32", "--ffn", "64",
                   "--layers", "1", "-o", "models/model_patches/union.safetensors"})
                  .exit_code,
              0);
  }

  ProgramResult small(Arguments more) const {
    more.insert(more.end(), {"-s", "1", "-W", "64", "-H", "64", "--seed", "1"});
    return run(generation(more));
  }
};

TEST_F(LargerPictures, UpscaleTakesTheOnlyModel) {
  ASSERT_EQ(small({"-o", "a.png"}).exit_code, 0);
  const ProgramResult made = run({"upscale", "a.png", "-o", "b.png"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(pixels("b.png").shape(), (Shape{1, 128, 128, 3}));
  ASSERT_EQ(run({"run", "b.png", "-o", "again.png"}).exit_code, 0);
  EXPECT_EQ(bytes("again.png"), bytes("b.png"));

  const ProgramResult lost = run({"upscale", "a.png", "-m", "x3"});
  EXPECT_EQ(lost.exit_code, 4);
  expect_contains(lost.err, "x2.safetensors");
  const ProgramResult no_picture = run({"upscale", "c.png"});
  EXPECT_EQ(no_picture.exit_code, 4);
  expect_contains(no_picture.err, "c.png");
}

TEST_F(LargerPictures, GenerateFollowsAPictureAndEnlargesTheResult) {
  ASSERT_EQ(small({"-o", "a.png"}).exit_code, 0);
  const Arguments control{"--control", "union", "--control-image", "a.png", "--upscale", "x2"};
  const auto with = [&](Arguments more) {
    more.insert(more.end(), control.begin(), control.end());
    return small(more);
  };
  const ProgramResult made = with({"--control-canny", "-o", "canny.png"});
  ASSERT_EQ(made.exit_code, 0) << made.err;
  EXPECT_EQ(pixels("canny.png").shape(), (Shape{1, 128, 128, 3}));
  ASSERT_EQ(run({"run", "canny.png", "-o", "again.png"}).exit_code, 0);
  EXPECT_EQ(bytes("again.png"), bytes("canny.png"));

  // Without strength it is as if there were no control, and with it not.
  ASSERT_EQ(with({"--control-strength", "0", "-o", "none.png"}).exit_code, 0);
  ASSERT_EQ(small({"--upscale", "x2", "-o", "plain.png"}).exit_code, 0);
  EXPECT_EQ(max_difference(pixels("none.png"), pixels("plain.png")), 0);
  EXPECT_GT(max_difference(pixels("canny.png"), pixels("plain.png")), 0);
}

}  // namespace
}  // namespace zanime::cli
