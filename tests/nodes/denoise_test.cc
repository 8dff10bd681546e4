#include "nodes/sampling/denoise.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "checkpoints/open_model.h"
#include "checkpoints/synth.h"
#include "tests/support/backends.h"
#include "tests/support/expect_error.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/tiny_weights.h"

namespace zanime::nodes {
namespace {

using namespace zanime::testing;

class Denoising : public ::testing::Test {
 protected:
  Denoising() {
    checkpoints::synth_dit(folder_ / "dit.safetensors", tiny_dit(), DType::kF32);
    model.network = std::make_shared<const models::NextDit>(checkpoints::open_model_weights(
        folder_ / "dit.safetensors", checkpoints::ModelFamily::kZImage));
  }

  static Tensor filled(Shape shape, float value) {
    Tensor tensor(std::move(shape));
    for (float& element : tensor.values()) element = value;
    return tensor;
  }

  Model model;
  std::shared_ptr<ops::Backend> backend = testing::float32_backend();
  CancelToken cancel;

 private:
  ScratchFolder folder_;
};

TEST_F(Denoising, ARowOfTheWrongWidthIsRefusedWithTheFileToUse) {
  const Conditioning wrong{{Tensor::zeros({3, 128})}};
  const Error error = expect_error([&] { flow_denoise(model, wrong, *backend, cancel); });
  for (const char* part : {"rows of 128", "rows of 64", "qwen_3_4b"}) {
    expect_contains(error.what(), part);
  }
  expect_error(ErrorKind::kGraph, "empty", [&] { flow_denoise(model, {}, *backend, cancel); });
}

TEST_F(Denoising, EqualEntriesAverageToOneOfThem) {
  const ConditioningEntry entry{filled({3, 64}, 0.5f)};
  const Tensor x = filled({1, 16, 8, 8}, 0.25f);
  const Tensor one = flow_denoise(model, {entry}, *backend, cancel)(x, 0.5f);
  const Tensor two = flow_denoise(model, {entry, entry}, *backend, cancel)(x, 0.5f);
  for (int64_t i = 0; i < x.size(); ++i) EXPECT_NEAR(one.data()[i], two.data()[i], 1e-6f);
  // At sigma 0 nothing is left to denoise.
  const Tensor clean = flow_denoise(model, {entry}, *backend, cancel)(x, 0.0f);
  for (int64_t i = 0; i < x.size(); ++i) EXPECT_EQ(clean.data()[i], x.data()[i]);
}

TEST_F(Denoising, AnEntryTakesPartInItsRangeOnly) {
  const Tensor x = filled({1, 16, 8, 8}, 0.25f);
  const ConditioningEntry early{.tokens = filled({3, 64}, 0.5f), .range = {{0.0, 0.5}}};
  const ConditioningEntry late{.tokens = filled({5, 64}, -0.5f), .range = {{0.5, 1.0}}};
  const ConditioningEntry always{.tokens = early.tokens};
  const sampling::Denoise both = flow_denoise(model, {early, late}, *backend, cancel);
  const sampling::Denoise first = flow_denoise(model, {always}, *backend, cancel);
  const sampling::Denoise none = flow_denoise(model, {late}, *backend, cancel);
  // With shift 3 the middle of the way is sigma 0.75.
  const Tensor expected = first(x, 0.9f);
  const Tensor high = both(x, 0.9f);
  for (int64_t i = 0; i < x.size(); ++i) ASSERT_EQ(high.data()[i], expected.data()[i]) << i;
  const Tensor low = both(x, 0.6f), second = none(x, 0.6f), nothing = none(x, 0.9f);
  for (int64_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(low.data()[i], second.data()[i]) << i;
    ASSERT_EQ(nothing.data()[i], 0.0f) << i;
  }
}

TEST_F(Denoising, StrengthsWeighTheAverage) {
  const Tensor x = filled({1, 16, 8, 8}, 0.25f);
  const ConditioningEntry one{.tokens = filled({3, 64}, 0.5f), .strength = 3.0};
  const ConditioningEntry two{.tokens = filled({5, 64}, -0.5f), .strength = 1.0};
  const Tensor a = flow_denoise(model, {one}, *backend, cancel)(x, 0.5f);
  const Tensor b = flow_denoise(model, {two}, *backend, cancel)(x, 0.5f);
  const Tensor both = flow_denoise(model, {one, two}, *backend, cancel)(x, 0.5f);
  for (int64_t i = 0; i < x.size(); ++i) {
    ASSERT_NEAR(both.data()[i], 0.75f * a.data()[i] + 0.25f * b.data()[i], 1e-5f) << i;
  }
}

}  // namespace
}  // namespace zanime::nodes
