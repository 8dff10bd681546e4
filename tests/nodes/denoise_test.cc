#include "nodes/denoise.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "tests/support/expect_error.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/tiny_weights.h"
#include "weights/synth.h"

namespace zanime::nodes {
namespace {

using namespace zanime::testing;

class Denoising : public ::testing::Test {
 protected:
  Denoising() {
    synth_dit(folder_ / "dit.safetensors", tiny_dit(), DType::kF32);
    model.network = std::make_shared<const NextDit>(
        open_model_weights(folder_ / "dit.safetensors", ModelFamily::kZImage));
  }

  static Tensor filled(Shape shape, float value) {
    Tensor tensor(std::move(shape));
    for (float& element : tensor.values()) element = value;
    return tensor;
  }

  Model model;
  std::shared_ptr<ops::Backend> backend = ops::make_cpu_backend();
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

}  // namespace
}  // namespace zanime::nodes
