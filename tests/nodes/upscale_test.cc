// UpscaleModelLoader and ImageUpscaleWithModel by themselves; golden graphs hold their pictures.
#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "checkpoints/open_model.h"
#include "checkpoints/synth.h"
#include "models/upscaler.h"
#include "tests/support/backends.h"
#include "tests/support/edit_safetensors.h"
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

// Tiles of 512 that overlap by 32. A network that sees no neighbours does not know of their edges:
// joined again they are the whole.
TEST_F(UpscaleNodes, TilesAreJoinedWithoutASeam) {
  const auto path = folder / "model.safetensors";
  checkpoints::synth_upscaler(
      path, {.kind = UpscalerKind::kCompact, .scale = 2, .features = 4, .blocks = 1}, DType::kF32);
  EditableFile file = EditableFile::read(path);
  for (auto& [name, tensor] : file.tensors) {
    if (tensor.shape.rank() != 4) continue;
    constexpr size_t kTaps = 9, kCentre = 4;
    for (size_t i = 0; i < tensor.bytes.size() / sizeof(float); ++i) {
      if (i % kTaps != kCentre) std::memset(tensor.bytes.data() + i * 4, 0, sizeof(float));
    }
  }
  file.write(path);
  const Tensor pixels = positive({1, 5, 1100, 3}, 1);
  const models::Upscaler upscaler(
      checkpoints::open_model_weights(path, checkpoints::ModelFamily::kUpscaler));
  const Tensor whole = upscaler.upscale(pixels, *float32_backend(), CancelToken());
  EXPECT_LT(max_difference(upscaled(load_file(path.string()).at(0), pixels), whole), 1e-6);
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
