// The nodes that load, scale and batch, each run by itself.
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "nodes/vae_picture.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden.h"
#include "tests/support/random_tensor.h"
#include "tests/support/run_node.h"
#include "tests/support/scratch_folder.h"
#include "weights/safetensors_writer.h"

namespace zanime::nodes {
namespace {

using namespace zanime::testing;

Image picture(int64_t height, int64_t width) {
  return {random_tensor({int64_t{1}, height, width, int64_t{3}}, 1)};
}

Shape image_shape(const std::vector<Value>& outputs) {
  return std::get<Image>(outputs.at(0)).pixels.shape();
}

TEST(ImageScaleNodes, ReckonSizesAsTheReference) {
  const std::string method = "nearest-exact";
  const auto scale = [&](int width, int height, const char* crop) {
    return image_shape(run_node("ImageScale", {{"image", picture(30, 50)},
                                               {"upscale_method", method},
                                               {"width", WideInt{width}},
                                               {"height", WideInt{height}},
                                               {"crop", std::string(crop)}}));
  };
  EXPECT_EQ(scale(20, 20, "center"), (Shape{1, 20, 20, 3}));
  EXPECT_EQ(scale(0, 15, "disabled"), (Shape{1, 15, 25, 3}));
  EXPECT_EQ(scale(5, 0, "disabled"), (Shape{1, 3, 5, 3}));
  EXPECT_EQ(scale(0, 0, "disabled"), (Shape{1, 30, 50, 3}));
  EXPECT_EQ(image_shape(run_node(
                "ImageScaleBy",
                {{"image", picture(5, 7)}, {"upscale_method", method}, {"scale_by", 0.5}})),
            (Shape{1, 2, 4, 3}));  // 2.5 and 3.5, half to even
  EXPECT_EQ(image_shape(run_node("ImageScaleToTotalPixels", {{"image", picture(30, 50)},
                                                             {"upscale_method", method},
                                                             {"megapixels", 0.01},
                                                             {"resolution_steps", WideInt{16}}})),
            (Shape{1, 80, 128, 3}));
  EXPECT_EQ(image_shape(run_node("ImageScaleToMaxDimension", {{"image", picture(30, 50)},
                                                              {"upscale_method", method},
                                                              {"largest_size", WideInt{25}}})),
            (Shape{1, 15, 25, 3}));
  expect_error(ErrorKind::kGraph, "would become 0 x 0", [&] {
    run_node("ImageScaleBy",
             {{"image", picture(5, 7)}, {"upscale_method", method}, {"scale_by", 0.01}});
  });
}

TEST(GetImageSize, GivesWidthHeightAndCount) {
  const auto size = run_node("GetImageSize", {{"image", picture(30, 50)}});
  EXPECT_EQ(std::get<WideInt>(size.at(0)), 50);
  EXPECT_EQ(std::get<WideInt>(size.at(1)), 30);
  EXPECT_EQ(std::get<WideInt>(size.at(2)), 1);
}

// What comes behind them gets what they were given, as in ComfyUI.
TEST(SavingNodes, HandOnWhatTheySave) {
  const Image image = picture(8, 8);
  const Latent latent{random_tensor({1, 16, 2, 2}, 1)};
  const std::string prefix = "x", format = "png";
  for (const std::string name : {"SaveImage", "PreviewImage", "SaveImageAdvanced"}) {
    std::map<std::string, Value> inputs = {{"images", image}, {"filename_prefix", prefix}};
    if (name == "SaveImageAdvanced") inputs["format"] = format;
    const auto outputs = run_node(name, inputs);
    ASSERT_EQ(outputs.size(), 1u) << name;
    EXPECT_EQ(max_difference(std::get<Image>(outputs[0]).pixels, image.pixels), 0.0) << name;
  }
  const auto outputs = run_node("SaveLatent", {{"samples", latent}, {"filename_prefix", prefix}});
  EXPECT_EQ(max_difference(std::get<Latent>(outputs.at(0)).samples, latent.samples), 0.0);
}

TEST(LoadImage, GivesAMaskWhereThePictureIsTransparent) {
  const auto load = [](const std::string& name) {
    return run_node("LoadImage", {{"image", golden_path("pictures/" + name).string()}});
  };
  const auto opaque = load("rgb.png");
  EXPECT_EQ(std::get<Mask>(opaque.at(1)).values.shape(), (Shape{1, 64, 64}));
  EXPECT_EQ(max_magnitude(std::get<Mask>(opaque.at(1)).values), 0.0);
  const auto transparent = load("rgb-colour-key.png");
  const Tensor& mask = std::get<Mask>(transparent.at(1)).values;
  EXPECT_EQ(mask.shape(), (Shape{1, 10, 13}));
  EXPECT_EQ(mask.data()[2 * 13 + 3], 1.0f);
  EXPECT_EQ(mask.data()[0], 0.0f);
}

Latent batch_of(int64_t count) {
  Latent latent{random_tensor({count, int64_t{4}, int64_t{2}, int64_t{2}}, 2)};
  latent.noise_mask = random_tensor({int64_t{2}, int64_t{8}, int64_t{8}}, 3);
  return latent;
}

TEST(LatentBatches, KeepTheirPlacesAndMasks) {
  const Latent whole = batch_of(3);
  const auto part = std::get<Latent>(
      run_node("LatentFromBatch",
               {{"samples", whole}, {"batch_index", WideInt{1}}, {"length", WideInt{5}}})
          .at(0));
  EXPECT_EQ(max_difference(part.samples, whole.samples.rows(1, 2)), 0.0);
  EXPECT_EQ(part.batch_index, (std::vector<int64_t>{1, 2}));
  // Of two masks for three pictures the first serves again.
  EXPECT_EQ(max_difference(part.noise_mask.rows(0, 1), whole.noise_mask.rows(1, 1)), 0.0);
  EXPECT_EQ(max_difference(part.noise_mask.rows(1, 1), whole.noise_mask.rows(0, 1)), 0.0);

  const auto twice = std::get<Latent>(
      run_node("RepeatLatentBatch", {{"samples", part}, {"amount", WideInt{2}}}).at(0));
  EXPECT_EQ(twice.samples.dim(0), 4);
  EXPECT_EQ(max_difference(twice.samples.rows(2, 2), part.samples), 0.0);
  EXPECT_EQ(twice.batch_index, (std::vector<int64_t>{1, 2, 3, 4}));
  EXPECT_EQ(twice.noise_mask.dim(0), 4);
}

TEST(LatentUpscale, TakesPixelsAndKeepsTheSmallestSize) {
  const auto shape = [](int width, int height) {
    return std::get<Latent>(run_node("LatentUpscale", {{"samples", batch_of(1)},
                                                       {"upscale_method", std::string("bislerp")},
                                                       {"width", WideInt{width}},
                                                       {"height", WideInt{height}},
                                                       {"crop", std::string("center")}})
                                .at(0))
        .samples.shape();
  };
  EXPECT_EQ(shape(96, 128), (Shape{1, 4, 16, 12}));
  EXPECT_EQ(shape(8, 128), (Shape{1, 4, 16, 8}));
  EXPECT_EQ(shape(0, 96), (Shape{1, 4, 12, 12}));
  EXPECT_EQ(shape(0, 0), (Shape{1, 4, 2, 2}));
}

TEST(LoadLatent, ReadsBothScalesAndRefusesOtherFiles) {
  const ScratchFolder folder;
  const Tensor samples = random_tensor({1, 4, 2, 2}, 4);
  const auto load = [&](const std::string& name, const std::map<std::string, Tensor>& tensors) {
    weights::write_safetensors(folder / name, tensors);
    return std::get<Latent>(run_node("LoadLatent", {{"latent", (folder / name).string()}}).at(0))
        .samples;
  };
  const Tensor mark = Tensor::zeros({1});
  EXPECT_EQ(
      max_difference(load("new", {{"latent_tensor", samples}, {"latent_format_version_0", mark}}),
                     samples),
      0.0);
  Tensor scaled = samples.clone();
  for (float& value : scaled.values()) value /= 0.18215f;
  EXPECT_LE(max_difference(load("old", {{"latent_tensor", samples}}), scaled), 1e-6);
  expect_error(ErrorKind::kFile, "no tensor `latent_tensor`", [&] { load("no", {{"x", mark}}); });
  expect_error(ErrorKind::kFile, "has shape [1]", [&] { load("flat", {{"latent_tensor", mark}}); });
}

// A network that keeps its input joins to the input again, wherever the seams lie.
TEST(Tiling, JoinsWhatItTookApart) {
  const Tensor planes = random_tensor({1, 3, 37, 50}, 5);
  Tiling tiling;
  tiling.tile_height = 16;
  tiling.tile_width = 12;
  tiling.overlap = 4;
  int64_t calls = 0;
  const Tensor joined = tiled(planes, tiling, [&](const Tensor& tile) {
    ++calls;
    EXPECT_LE(tile.dim(2), 16);
    EXPECT_LE(tile.dim(3), 12);
    return tile;
  });
  EXPECT_LE(max_difference(joined, planes), 1e-6);
  EXPECT_EQ(calls, tile_count(37, 50, tiling));
  tiling.overlap = 12;
  expect_error(ErrorKind::kGraph, "cannot overlap by 12",
               [&] { tiled(planes, tiling, [](const Tensor& tile) { return tile; }); });
}

TEST(CropToLatentSize, CutsEvenlyAndRefusesTinyPictures) {
  EXPECT_EQ(crop_to_latent_size(Tensor::zeros({1, 19, 24, 3})).shape(), (Shape{1, 16, 24, 3}));
  expect_error(ErrorKind::kGraph, "needs 8 x 8 at least", [] {
    crop_to_latent_size(Tensor::zeros({1, 7, 24, 3}));
  });
}

}  // namespace
}  // namespace zanime::nodes
