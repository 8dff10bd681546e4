// ModelPatchLoader and ZImageFunControlnet by themselves; golden graphs hold what they do.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "checkpoints/open_model.h"
#include "checkpoints/synth.h"
#include "models/autoencoder.h"
#include "nodes/sampling/control_hint.h"
#include "tests/support/backends.h"
#include "tests/support/edit_safetensors.h"
#include "tests/support/expect_error.h"
#include "tests/support/random_tensor.h"
#include "tests/support/run_node.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/tiny_weights.h"

namespace zanime::nodes {
namespace {

using namespace zanime::testing;
using checkpoints::ControlSpec;

ControlSpec small_control() {
  return {.dim = 256, .head_dim = 32, .ffn = 96, .layers = 2, .refiners = 2};
}
ControlSpec small_inpainting() {
  ControlSpec spec = small_control();
  spec.channels = ControlSpec::kInpaintChannels;
  spec.refines_picture = true;
  return spec;
}

class ControlNodes : public ::testing::Test {
 protected:
  Value load(const ControlSpec& spec) const {
    const auto path = folder / "control.safetensors";
    checkpoints::synth_control(path, spec, DType::kF32);
    return load_file(path.string());
  }
  static Value load_file(const std::string& path) {
    return run_node("ModelPatchLoader", {{"name", path}}).at(0);
  }
  Value model() const {
    const auto path = folder / "dit.safetensors";
    checkpoints::synth_dit(path, testing::tiny_dit(), DType::kF32);
    return run_node("UNETLoader",
                    {{"unet_name", path.string()}, {"weight_dtype", std::string("default")}})
        .at(0);
  }
  Value autoencoder() const {
    const auto path = folder / "vae.safetensors";
    checkpoints::synth_autoencoder(path, checkpoints::flux_autoencoder(32), DType::kF32);
    return run_node("VAELoader", {{"vae_name", path.string()}}).at(0);
  }
  Model controlled(const ControlSpec& spec, std::map<std::string, Value> pictures) const {
    pictures.insert({{"model", model()},
                     {"model_patch", load(spec)},
                     {"vae", autoencoder()},
                     {"strength", 0.5}});
    return std::get<Model>(run_node("ZImageFunControlnet", std::move(pictures)).at(0));
  }

  ScratchFolder folder;
};

Image picture(int64_t batch = 1) { return {random_tensor({batch, 24, 40, int64_t{3}}, 1)}; }

TEST_F(ControlNodes, AHintIsWhatTheBranchSees) {
  const auto backend = float32_backend();
  const Model plain = controlled(small_control(), {{"image", picture()}});
  ASSERT_EQ(plain.controls.size(), 1u);
  EXPECT_EQ(plain.controls[0]->strength(), 0.5f);
  EXPECT_EQ(plain.controls[0]->latent(4, 6, *backend, CancelToken()).shape(), (Shape{1, 16, 4, 6}));

  // The mask is inverted and lies between the two latents: here its right half is made anew.
  Mask mask{Tensor::zeros({1, 8, 8})};
  for (int64_t i = 0; i < mask.values.size(); ++i) mask.values.data()[i] = i % 8 < 4 ? 0.0f : 1.0f;
  const Model inpainting =
      controlled(small_inpainting(), {{"inpaint_image", picture()}, {"mask", mask}});
  const Tensor hint = inpainting.controls[0]->latent(4, 4, *backend, CancelToken());
  ASSERT_EQ(hint.shape(), (Shape{1, 33, 4, 4}));
  for (int64_t i = 0; i < 16; ++i) {
    EXPECT_EQ(hint.data()[16 * 16 + i], i % 4 < 2 ? 1.0f : 0.0f) << i;
  }
}

TEST_F(ControlNodes, WhatDoesNotFitIsSaid) {
  expect_error(ErrorKind::kGraph, "needs a control picture", [&] {
    controlled(small_control(), {{"inpaint_image", picture()}});
  });
  expect_error(ErrorKind::kGraph, "nothing to control with",
               [&] { controlled(small_inpainting(), {}); });
  expect_error(ErrorKind::kGraph, "are 2 and 3", [&] {
    controlled(small_inpainting(), {{"image", picture(2)}, {"inpaint_image", picture(3)}});
  });
  ControlSpec wide = small_control();
  wide.dim = 512;
  expect_error(ErrorKind::kGraph, "for a model of width 512", [&] {
    controlled(wide, {{"image", picture()}});
  });
}

TEST_F(ControlNodes, BrokenFilesAreRefused) {
  const auto path = folder / "control.safetensors";
  const auto refuse = [&](const ControlSpec& spec, const std::string& part, auto change) {
    checkpoints::synth_control(path, spec, DType::kF32);
    EditableFile file = EditableFile::read(path);
    change(file);
    file.write(path);
    const Error error = expect_error([&] { load_file(path.string()); });
    EXPECT_EQ(static_cast<int>(error.kind()), static_cast<int>(ErrorKind::kFile)) << error.what();
    expect_contains(error.what(), part);
  };
  refuse(small_control(), "'control_layers.0.before_proj.weight' is missing",
         [](EditableFile& file) { file.tensors.erase("control_layers.0.before_proj.weight"); });
  refuse(small_inpainting(), "'control_noise_refiner.1.after_proj.bias' is missing",
         [](EditableFile& file) { file.tensors.erase("control_noise_refiner.1.after_proj.bias"); });
  refuse(small_control(), "it sees 20 channels", [](EditableFile& file) {
    file.add_zeros("control_all_x_embedder.2-1.weight", {256, 80});
  });
  refuse(small_control(), "control_layers.1.after_proj.weight", [](EditableFile& file) {
    file.add_zeros("control_layers.1.after_proj.weight", {256, 255});
  });
  expect_error(ErrorKind::kFile, "Needed here: a Z-Image Fun ControlNet", [&] {
    checkpoints::synth_dit(path, testing::tiny_dit(), DType::kF32);
    load_file(path.string());
  });
}

}  // namespace
}  // namespace zanime::nodes
