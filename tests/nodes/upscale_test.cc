// UpscaleModelLoader and ImageUpscaleWithModel by themselves; golden graphs hold their pictures.
#include <string>

#include <gtest/gtest.h>

#include "checkpoints/synth.h"
#include "tests/support/expect_error.h"
#include "tests/support/random_tensor.h"
#include "tests/support/run_node.h"
#include "tests/support/scratch_folder.h"

namespace zanime::nodes {
namespace {

using namespace zanime::testing;
using checkpoints::UpscalerKind;
using checkpoints::UpscalerSpec;

class UpscaleNodes : public ::testing::Test {
 protected:
  std::vector<Value> load(const UpscalerSpec& spec) const {
    const auto path = folder / "model.safetensors";
    checkpoints::synth_upscaler(path, spec, DType::kF32);
    return load_file(path.string());
  }
  static std::vector<Value> load_file(const std::string& path) {
    return run_node("UpscaleModelLoader", {{"model_name", path}});
  }
  static Tensor upscaled(const Value& model, const Tensor& pixels) {
    const std::vector<Value> outputs =
        run_node("ImageUpscaleWithModel", {{"upscale_model", model}, {"image", Image{pixels}}});
    return std::get<Image>(outputs.at(0)).pixels;
  }

  ScratchFolder folder;
};

Tensor positive(const Shape& shape, uint32_t seed) {
  Tensor pixels = random_tensor(shape, seed);
  for (float& value : pixels.values()) value = 0.5f + 0.5f * value;
  return pixels;
}

TEST_F(UpscaleNodes, ABatchIsItsPicturesWithoutTheirOpacity) {
  const Value model =
      load({.kind = UpscalerKind::kCompact, .scale = 2, .features = 4, .blocks = 1}).at(0);
  const Tensor pixels = positive({2, 9, 7, 4}, 1);
  const Tensor both = upscaled(model, pixels);
  ASSERT_EQ(both.shape(), (Shape{2, 18, 14, 3}));
  EXPECT_EQ(max_difference(upscaled(model, pixels.rows(1, 1)), both.rows(1, 1)), 0);
}

// Tiles of 512 that overlap by 32: where two meet, no step is larger than inside of one.
TEST_F(UpscaleNodes, TilesLeaveNoSeamOnASmoothPicture) {
  const Value model =
      load({.kind = UpscalerKind::kCompact, .scale = 2, .features = 4, .blocks = 1}).at(0);
  constexpr int64_t kHeight = 6, kWidth = 560;
  Tensor pixels({1, kHeight, kWidth, 3});
  for (int64_t i = 0; i < pixels.size(); ++i) {
    pixels.data()[i] = 0.3f + 0.4f * static_cast<float>(i / 3 % kWidth) / kWidth;
  }
  const Tensor larger = upscaled(model, pixels);
  ASSERT_EQ(larger.dim(2), 2 * kWidth);
  // The network's own pattern has a period of two pixels.
  const int64_t row = 6 * larger.dim(2);
  for (int64_t x = 8; x + 10 < larger.dim(2); ++x) {
    const float step = larger.data()[(row + x + 2) * 3] - larger.data()[(row + x) * 3];
    const float usual = larger.data()[(row + 22) * 3] - larger.data()[(row + 20) * 3];
    ASSERT_LT(std::abs(step - usual), 1.0f / 255.0f) << x;
  }
}

TEST_F(UpscaleNodes, WhatIsNoUpscaleModelIsNamed) {
  expect_error(ErrorKind::kFile, "for pictures of 1 channels", [&] {
    load({.kind = UpscalerKind::kCompact, .scale = 2, .features = 4, .blocks = 1, .channels = 1});
  });
  const auto dit = folder / "dit.safetensors";
  checkpoints::synth_control(
      dit, {.dim = 64, .head_dim = 32, .ffn = 32, .layers = 1, .refiners = 1}, DType::kF32);
  expect_error(ErrorKind::kFile,
               "holds: Z-Image Fun ControlNet. Needed here: an upscale model: ESRGAN, Real-ESRGAN "
               "compact or SPAN",
               [&] { load_file(dit.string()); });
  const auto pickle =
      folder.write("4x.pth", std::string("\x80\x02}q\x00X\x05\x00\x00\x00model", 16));
  const Error error = expect_error([&] { load_file(pickle.string()); });
  expect_contains(error.what(), "PyTorch pickle");
  expect_contains(error.what(), "safetensors.torch.save_file");
}

}  // namespace
}  // namespace zanime::nodes
