// Upscale models where the reference's graphs (tests/engine/node_golden_test.cc) do not look.
#include "models/upscaler.h"

#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "checkpoints/open_model.h"
#include "checkpoints/synth.h"
#include "models/pixel_shuffle.h"
#include "tests/support/backends.h"
#include "tests/support/random_tensor.h"
#include "tests/support/scratch_folder.h"

namespace zanime::models {
namespace {

using namespace zanime::testing;
using checkpoints::UpscalerKind;
using checkpoints::UpscalerSpec;

class SyntheticUpscaler {
 public:
  explicit SyntheticUpscaler(const UpscalerSpec& spec) {
    checkpoints::synth_upscaler(folder_ / "model.safetensors", spec, DType::kF32);
    upscaler_.emplace(checkpoints::open_model_weights(folder_ / "model.safetensors",
                                                      checkpoints::ModelFamily::kUpscaler));
  }

  Tensor upscale(const Tensor& picture) const {
    return upscaler_->upscale(picture, *float32_backend(), CancelToken());
  }

 private:
  ScratchFolder folder_;
  std::optional<Upscaler> upscaler_;
};

Tensor random_picture(int64_t height, int64_t width) {
  Tensor picture = random_tensor({int64_t{1}, height, width, int64_t{3}}, 1);
  for (float& value : picture.values()) value = 0.5f + 0.5f * value;
  return picture;
}

TEST(PixelShuffle, PutsChannelsIntoSquares) {
  Tensor x({1, 1, 2, 8});
  for (int64_t i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(i);
  const Tensor larger = pixel_shuffle(x, 2);
  ASSERT_EQ(larger.shape(), (Shape{1, 2, 4, 2}));
  // Row 0: channels 0 and 4 of the first pixel, then 1 and 5; row 1: 2 and 6, then 3 and 7.
  const std::vector<float> expected{0, 4, 1, 5, 8, 12, 9, 13, 2, 6, 3, 7, 10, 14, 11, 15};
  EXPECT_EQ(std::vector<float>(larger.values().begin(), larger.values().end()), expected);
  EXPECT_EQ(max_difference(pixel_unshuffle(larger, 2), x), 0);
}

TEST(PixelShuffle, MirrorsWhatIsMissing) {
  const Tensor x = Tensor::from(Shape{1, 2, 3, 1}, {1, 2, 3, 4, 5, 6});
  const Tensor padded = mirrored_to_size(x, 4, 4);
  const std::vector<float> expected{1, 2, 3, 2, 4, 5, 6, 5, 1, 2, 3, 2, 1, 2, 3, 2};
  EXPECT_EQ(std::vector<float>(padded.values().begin(), padded.values().end()), expected);
}

// Sizes that the network does not take are padded and cut back.
TEST(Upscaler, EverySizeBecomesItsMultiple) {
  for (const UpscalerSpec& spec :
       {UpscalerSpec{.scale = 2, .features = 4, .blocks = 1, .growth = 4, .fold = 2},
        UpscalerSpec{.scale = 1, .features = 4, .blocks = 1, .growth = 4, .fold = 4},
        UpscalerSpec{.scale = 1, .features = 4, .blocks = 1, .growth = 4},
        UpscalerSpec{.kind = UpscalerKind::kCompact, .scale = 3, .features = 4, .blocks = 1},
        UpscalerSpec{.kind = UpscalerKind::kSpan, .scale = 2, .features = 4, .blocks = 6}}) {
    const SyntheticUpscaler upscaler(spec);
    for (const auto& [height, width] : {std::pair{1, 1}, {2, 3}, {5, 9}}) {
      const Tensor larger = upscaler.upscale(random_picture(height, width));
      EXPECT_EQ(larger.shape(), (Shape{1, spec.scale * height, spec.scale * width, 3}));
      for (const float value : larger.values()) {
        ASSERT_TRUE(value >= 0.0f && value <= 1.0f) << value;
      }
    }
  }
}

// A high picture goes through the doublings in bands of rows. Far from its edges a row does not
// know where the bands are.
TEST(Upscaler, BandsLeaveNoSeam) {
  constexpr int64_t kScale = 16, kWidth = 4, kBand = 512;
  const SyntheticUpscaler upscaler({.scale = kScale, .features = 32, .blocks = 1, .growth = 4});
  const Tensor picture = random_picture(kBand + 60, kWidth);
  constexpr int64_t kFirst = kBand - 40, kCount = 80, kReach = 24;
  const int64_t line = kWidth * 3;
  const Tensor part = Tensor::from(Shape{1, kCount, kWidth, 3},
                                   std::vector<float>(picture.data() + kFirst * line,
                                                      picture.data() + (kFirst + kCount) * line));
  const Tensor whole = upscaler.upscale(picture), alone = upscaler.upscale(part);
  const int64_t large_line = kScale * kWidth * 3;
  const auto rows = [&](const Tensor& x, int64_t first) {
    return x.reshaped({x.dim(1), large_line}).rows(kScale * first, kScale * (kCount - 2 * kReach));
  };
  EXPECT_LT(max_difference(rows(whole, kFirst + kReach), rows(alone, kReach)), 1e-5);
}

TEST(Upscaler, WhatIsNoNumberDoesNotBecomeBlack) {
  const SyntheticUpscaler upscaler(
      {.kind = UpscalerKind::kCompact, .scale = 2, .features = 4, .blocks = 1});
  Tensor picture = random_picture(6, 6);
  picture.data()[0] = NAN;
  EXPECT_FALSE(all_finite(upscaler.upscale(picture)));
}

}  // namespace
}  // namespace zanime::models
