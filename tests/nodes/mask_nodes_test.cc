// Masks from pictures and back, and what a latent shows without an autoencoder.
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "nodes/sampling/latent_preview.h"
#include "pictures/mask_planes.h"
#include "tests/support/backends.h"
#include "tests/support/expect_error.h"
#include "tests/support/golden.h"
#include "tests/support/random_tensor.h"
#include "tests/support/run_node.h"

namespace zanime::nodes {
namespace {

using namespace zanime::testing;

Tensor load_mask(const std::string& name, const std::string& channel) {
  const auto outputs = run_node(
      "LoadImageMask", {{"image", golden_path("pictures/" + name).string()}, {"channel", channel}});
  return std::get<Mask>(outputs.at(0)).values;
}

Value load_image(const std::string& name, int output) {
  return run_node("LoadImage", {{"image", golden_path("pictures/" + name).string()}})
      .at(static_cast<size_t>(output));
}

TEST(LoadImageMask, IsOneColourOfThePicture) {
  const Tensor pixels = std::get<Image>(load_image("rgb.png", 0)).pixels;
  for (const auto& [channel, offset] :
       std::map<std::string, int64_t>{{"red", 0}, {"green", 1}, {"blue", 2}}) {
    const Tensor mask = load_mask("rgb.png", channel);
    ASSERT_EQ(mask.shape(), (Shape{pixels.dim(0), pixels.dim(1), pixels.dim(2)})) << channel;
    for (int64_t i = 0; i < mask.size(); ++i) {
      ASSERT_EQ(mask.data()[i], pixels.data()[3 * i + offset]) << channel << " at " << i;
    }
  }
}

TEST(LoadImageMask, TakesItsAlphaAsLoadImageDoes) {
  const Tensor expected = std::get<Mask>(load_image("rgba.png", 1)).values;
  EXPECT_GT(max_magnitude(expected), 0.0);
  EXPECT_EQ(max_difference(load_mask("rgba.png", "alpha"), expected), 0.0);
  EXPECT_EQ(load_mask("rgb.png", "alpha").shape(), (Shape{1, 64, 64})) << "opaque: nothing masked";
}

TEST(MaskNodes, GoToPicturesAndBack) {
  const Mask mask{random_tensor({2, 3, 5}, 4)};
  const Value picture = run_node("MaskToImage", {{"mask", mask}}).at(0);
  EXPECT_EQ(std::get<Image>(picture).pixels.shape(), (Shape{2, 3, 5, 3}));
  for (const std::string channel : {"red", "green", "blue"}) {
    const auto back = run_node("ImageToMask", {{"image", picture}, {"channel", channel}});
    EXPECT_EQ(max_difference(std::get<Mask>(back.at(0)).values, mask.values), 0.0) << channel;
  }
  expect_error(ErrorKind::kGraph, "LoadImage's second output", [&] {
    run_node("ImageToMask", {{"image", picture}, {"channel", std::string("alpha")}});
  });
}

TEST(LatentPreview, MixesChannelsPlaceByPlace) {
  // One channel at a time, at one place of the second picture of a batch.
  Tensor latent = Tensor::zeros({2, 16, 2, 3});
  const int64_t plane = 6, place = 4;
  latent.data()[(16 + 9) * plane + place] = 1.0f;
  latent.data()[(16 + 13) * plane + place] = -2.0f;
  const Tensor pixels = linear_preview(latent);
  ASSERT_EQ(pixels.shape(), (Shape{2, 2, 3, 3}));
  const auto at = [&](int64_t picture, int64_t i, int64_t colour) {
    return pixels.data()[(picture * plane + i) * 3 + colour];
  };
  // Nothing but the bias elsewhere.
  EXPECT_NEAR(at(0, place, 0), (1.0 - 0.0329) / 2, 1e-6);
  EXPECT_NEAR(at(1, place - 1, 2), (1.0 - 0.0851) / 2, 1e-6);
  EXPECT_NEAR(at(1, place, 0), (1.0 - 0.0329 + 0.1008 + 2 * 0.1264) / 2, 1e-6);
  EXPECT_NEAR(at(1, place, 1), (1.0 - 0.0718 + 0.0755 + 2 * 0.0522) / 2, 1e-6);
  EXPECT_NEAR(at(1, place, 2), (1.0 - 0.0851 - 0.0421 + 2 * 0.1103) / 2, 1e-6);
}

TEST(LatentPreview, StaysInAPicturesRange) {
  Tensor latent = random_tensor({1, 16, 8, 8}, 5);
  for (float& value : latent.values()) value *= 100.0f;
  const Tensor pixels = linear_preview(latent);
  for (const float value : pixels.values()) {
    ASSERT_GE(value, 0.0f);
    ASSERT_LE(value, 1.0f);
  }
}

TEST(LatentPreview, WithoutAnAutoencoderOnlyFluxLatentsAreSeen) {
  const auto backend = testing::float32_backend();
  const CancelToken cancel;
  const Tensor latent = random_tensor({1, 16, 8, 8}, 5);
  EXPECT_EQ(
      max_difference(preview_pixels(latent, {}, nullptr, *backend, cancel), linear_preview(latent)),
      0.0);
  EXPECT_TRUE(preview_pixels(random_tensor({1, 4, 8, 8}, 5), sampling::LatentFormat{.channels = 4},
                             nullptr, *backend, cancel)
                  .empty());
}

}  // namespace
}  // namespace zanime::nodes
