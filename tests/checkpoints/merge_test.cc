// Networks made of two others, and as files.
#include "checkpoints/merge.h"

#include <cmath>
#include <map>

#include <gtest/gtest.h>

#include "checkpoints/adapters/adapter.h"
#include "checkpoints/adapters/extract_adapter.h"
#include "checkpoints/open_model.h"
#include "checkpoints/save_model.h"
#include "checkpoints/synth.h"
#include "tests/support/expect_error.h"
#include "tests/support/random_tensor.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/split_weight.h"
#include "tests/support/tiny_weights.h"
#include "weights/safetensors.h"
#include "weights/weight_delta.h"
#include "weights/weight_values.h"

namespace zanime::checkpoints {
namespace {

using namespace zanime::testing;

ModelWeights network(std::map<std::string, Tensor> tensors) {
  std::map<std::string, weights::Weight> weights;
  for (const auto& [name, tensor] : tensors) weights.emplace(name, split_weight(tensor, 1));
  return {"test.safetensors", std::move(weights)};
}

TEST(Merging, SumsBothWithTheChangesThatTheyHave) {
  const Tensor a = random_tensor({6, 10}, 1), b = random_tensor({6, 10}, 2);
  const Tensor up = random_tensor({6, 2}, 3), down = random_tensor({2, 10}, 4);
  auto delta = std::make_shared<weights::WeightDelta>();
  delta->value = weights::LowRankDelta{up, down};
  const ModelWeights second("second",
                            {{"w", split_weight(b, 3).with_change({delta, 0, 6, 0.5f, nullptr})}});
  const ModelWeights first = network({{"w", a}, {"only", random_tensor({4}, 5)}});
  const ModelWeights sum = merged(first, second, 0.3, -0.7);
  const Tensor values = weights::to_float32(sum.get("w"));
  for (int64_t row = 0; row < 6; ++row) {
    for (int64_t column = 0; column < 10; ++column) {
      double other = b.data()[row * 10 + column];
      for (int64_t k = 0; k < 2; ++k) {
        other += 0.5 * up.data()[row * 2 + k] * down.data()[k * 10 + column];
      }
      const double expected = 0.3 * a.data()[row * 10 + column] - 0.7 * other;
      EXPECT_NEAR(values.data()[row * 10 + column], expected, 1e-6);
    }
  }
  // What the second lacks stays.
  EXPECT_EQ(
      max_difference(weights::to_float32(sum.get("only")), weights::to_float32(first.get("only"))),
      0.0);
}

TEST(Merging, ReadsPartsOfBlocksThatCanOnlyBeConvertedWhole) {
  // The second is rotated by groups of 16 columns; a block of it begins and ends inside of one.
  const Tensor a = random_tensor({3, 32}, 1), b = random_tensor({3, 32}, 2);
  auto owner = std::make_shared<Tensor>(b.clone());
  weights::WeightPart part;
  part.data = reinterpret_cast<const std::byte*>(owner->data());
  part.rows = 3;
  part.rotation = 16;
  const ModelWeights second("second", {{"w", weights::Weight("w", {3, 32}, {part}, owner)}});
  const weights::Weight sum = merged(network({{"w", a}}), second, 1.0, 1.0).get("w");
  const Tensor whole = weights::to_float32(sum);
  const weights::PlainBlockMath math;
  const weights::WeightBlock block{1, 2, 5, 20};
  std::vector<float> values(40), work(80);
  math.convert(split_weight(a, 1), block, values.data());
  weights::apply_changes(sum, block, math, work.data(), values.data());
  for (int64_t row = 0; row < 2; ++row) {
    for (int64_t i = 0; i < 20; ++i) {
      EXPECT_EQ(values[static_cast<size_t>(row * 20 + i)], whole.data()[(row + 1) * 32 + 5 + i]);
    }
  }
}

TEST(Merging, MovesTowardsAnotherNetwork) {
  const Tensor a = random_tensor({4, 4}, 1), base = random_tensor({4, 4}, 2),
               target = random_tensor({4, 4}, 3);
  const ModelWeights moved =
      moved_towards(network({{"w", a}}), network({{"w", base}}), network({{"w", target}}), 0.25);
  const Tensor values = weights::to_float32(moved.get("w"));
  for (int64_t i = 0; i < 16; ++i) {
    EXPECT_NEAR(values.data()[i], a.data()[i] + 0.25 * (double{target.data()[i]} - base.data()[i]),
                1e-6);
  }
}

TEST(Merging, RefusesOtherWidthsAndNamesTheTensor) {
  const Error error = expect_error([] {
    merged(network({{"w", Tensor::zeros({2, 3})}}), network({{"w", Tensor::zeros({2, 4})}}), 1, 1);
  });
  EXPECT_EQ(error.kind(), ErrorKind::kFile);
  for (const char* part : {"[2, 3]", "[2, 4]", "same widths"}) {
    expect_contains(error.what(), part);
  }
}

class SavedNetworks : public ::testing::Test {
 protected:
  ModelWeights open(const std::string& name, ModelFamily family = ModelFamily::kZImage) {
    return open_model_weights(folder_ / name, family);
  }
  ScratchFolder folder_;
};

TEST_F(SavedNetworks, KeepUnchangedBytesAndOpenAgain) {
  synth_dit(folder_ / "fp8.safetensors", tiny_dit(), DType::kF8E4M3);
  const ModelWeights stored = open("fp8.safetensors");
  ASSERT_TRUE(save_networks(folder_ / "saved.safetensors", {{&stored, kSavedDitPrefix}},
                            DType::kF32, {{"prompt", "{}"}}));
  const auto file = weights::open_safetensors(folder_ / "saved.safetensors");
  EXPECT_EQ(file->metadata().at("prompt"), "{}");
  const weights::TensorEntry& qkv =
      file->get("model.diffusion_model.layers.0.attention.qkv.weight");
  EXPECT_EQ(qkv.dtype, DType::kF8E4M3);
  EXPECT_EQ(qkv.shape, (Shape{768, 256}));
  const ModelWeights again = open("saved.safetensors");
  ASSERT_EQ(again.all().size(), stored.all().size());
  for (const auto& [name, weight] : stored.all()) {
    EXPECT_EQ(max_difference(weights::to_float32(again.get(name)), weights::to_float32(weight)),
              0.0)
        << name;
  }
  // A file of that name is left alone.
  EXPECT_FALSE(
      save_networks(folder_ / "saved.safetensors", {{&stored, kSavedDitPrefix}}, DType::kF32));
}

TEST_F(SavedNetworks, HoldWhatMergingMadeOfThem) {
  synth_dit(folder_ / "fp8.safetensors", tiny_dit(), DType::kF8E4M3);
  synth_dit(folder_ / "fp32.safetensors", tiny_dit(), DType::kF32);
  const ModelWeights sum = merged(open("fp8.safetensors"), open("fp32.safetensors"), 0.5, 0.5);
  for (const DType type : {DType::kF32, DType::kBF16}) {
    const std::string name = std::string(dtype_name(type)) + "-saved.safetensors";
    ASSERT_TRUE(save_networks(folder_ / name, {{&sum, kSavedDitPrefix}}, type));
    const ModelWeights again = open(name);
    for (const auto& [tensor, weight] : sum.all()) {
      const Tensor values = weights::to_float32(weight);
      const double tolerance = type == DType::kF32 ? 0.0 : max_magnitude(values) / 256;
      EXPECT_LE(max_difference(weights::to_float32(again.get(tensor)), values), tolerance)
          << tensor;
    }
  }
}

TEST_F(SavedNetworks, AreFoundInOneFile) {
  synth_dit(folder_ / "dit.safetensors", tiny_dit(), DType::kBF16);
  synth_qwen3(folder_ / "qwen3.safetensors", tiny_qwen3(), DType::kBF16);
  synth_autoencoder(folder_ / "vae.safetensors", zanime::testing::tiny_autoencoder(), DType::kF32);
  const ModelWeights dit = open("dit.safetensors");
  const ModelWeights qwen3 = open("qwen3.safetensors", ModelFamily::kQwen3);
  const ModelWeights vae = open("vae.safetensors", ModelFamily::kFluxAutoencoder);
  ASSERT_TRUE(save_networks(
      folder_ / "all.safetensors",
      {{&dit, kSavedDitPrefix}, {&qwen3, kSavedQwen3Prefix}, {&vae, kSavedAutoencoderPrefix}},
      DType::kF32));
  EXPECT_EQ(open("all.safetensors").all().size(), dit.all().size());
  EXPECT_EQ(open("all.safetensors", ModelFamily::kQwen3).all().size(), qwen3.all().size());
  EXPECT_EQ(open("all.safetensors", ModelFamily::kFluxAutoencoder).all().size(), vae.all().size());
}

// left [m, r] right [r, n]
Tensor product_of(const LowRankFactors& factors) {
  const int64_t m = factors.left.dim(0), r = factors.left.dim(1), n = factors.right.dim(1);
  Tensor out({m, n});
  for (int64_t i = 0; i < m; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      double sum = 0;
      for (int64_t k = 0; k < r; ++k) {
        sum += double{factors.left.data()[i * r + k]} * factors.right.data()[k * n + j];
      }
      out.data()[i * n + j] = static_cast<float>(sum);
    }
  }
  return out;
}

TEST(LowRankFactorsOf, AMatrixOfThatRankAreItself) {
  const Tensor matrix = product_of({random_tensor({70, 3}, 1), random_tensor({3, 50}, 2)});
  const LowRankFactors factors = low_rank_factors(matrix, 5);
  EXPECT_EQ(factors.left.shape(), (Shape{70, 5}));
  EXPECT_EQ(factors.right.shape(), (Shape{5, 50}));
  EXPECT_LE(max_difference(product_of(factors), matrix), 1e-5 * max_magnitude(matrix));
}

TEST(LowRankFactorsOf, AnyMatrixLeaveNothingAlongThem) {
  // Of the best approximation, what is left stands at right angles to it on both sides.
  const Tensor matrix = random_tensor({24, 40}, 7);
  const LowRankFactors factors = low_rank_factors(matrix, 4);
  double last = INFINITY;
  for (int64_t i = 0; i < 4; ++i) {
    double value = 0, length = 0;
    for (int64_t k = 0; k < 24; ++k) {
      value += std::pow(double{factors.left.data()[k * 4 + i]}, 2);
      // matrix times right vector is the left one
      double along = 0;
      for (int64_t j = 0; j < 40; ++j) {
        along += double{matrix.data()[k * 40 + j]} * factors.right.data()[i * 40 + j];
      }
      EXPECT_NEAR(along, factors.left.data()[k * 4 + i], 2e-3);
    }
    for (int64_t j = 0; j < 40; ++j)
      length += std::pow(double{factors.right.data()[i * 40 + j]}, 2);
    EXPECT_NEAR(length, 1.0, 1e-5);
    EXPECT_LE(value, last + 1e-4);
    last = value;
  }
}

TEST_F(SavedNetworks, DifferencesBecomeAdaptersThatLeadBack) {
  synth_dit(folder_ / "fp8.safetensors", tiny_dit(), DType::kF8E4M3);
  synth_dit(folder_ / "fp32.safetensors", tiny_dit(), DType::kF32);
  const ModelWeights fp8 = open("fp8.safetensors"), fp32 = open("fp32.safetensors");
  const ModelWeights difference = merged(fp32, fp8, 1.0, -1.0);
  ASSERT_TRUE(save_extracted_adapter(folder_ / "full.safetensors", &difference, nullptr,
                                     {.low_rank = false}));
  const auto file = weights::open_safetensors(folder_ / "full.safetensors");
  EXPECT_EQ(file->get("diffusion_model.layers.1.attention.qkv.diff").dtype, DType::kF16);
  EXPECT_NE(file->find("diffusion_model.x_embedder.diff_b"), nullptr);
  Adapter::Use use;
  const ModelWeights back =
      Adapter::open(folder_ / "full.safetensors").applied_to(fp8, ModelFamily::kZImage, 1.0, use);
  for (const auto& [name, weight] : fp32.all()) {
    if (!name.ends_with(".weight") && !name.ends_with(".bias")) continue;
    const Tensor values = weights::to_float32(weight);
    EXPECT_LE(max_difference(weights::to_float32(back.get(name)), values),
              1e-3 * max_magnitude(values))
        << name;
  }
}

}  // namespace
}  // namespace zanime::checkpoints
