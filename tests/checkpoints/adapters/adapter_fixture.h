// A small model, an adapter file in the making, and what it should do.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/log.h"
#include "checkpoints/adapters/adapter.h"
#include "checkpoints/open_model.h"
#include "checkpoints/synth.h"
#include "tests/support/edit_safetensors.h"
#include "tests/support/expect_error.h"
#include "tests/support/random_tensor.h"
#include "tests/support/scratch_folder.h"
#include "tests/support/tiny_weights.h"
#include "weights/weight_values.h"

namespace zanime::checkpoints {

using testing::EditableFile;
using testing::expect_error;
using testing::max_difference;
using testing::random_tensor;
using testing::ScratchFolder;

inline constexpr double kTolerance = 3e-6;
inline const char* const kOut = "layers.0.attention.out.weight";   // [256, 256]
inline const char* const kQkv = "layers.0.attention.qkv.weight";   // [768, 256]
inline const char* const kW1 = "layers.0.feed_forward.w1.weight";  // [96, 256]

// a b in double precision.
inline Tensor product(const Tensor& a, const Tensor& b) {
  Tensor result({a.dim(0), b.dim(1)});
  for (int64_t i = 0; i < a.dim(0); ++i) {
    for (int64_t j = 0; j < b.dim(1); ++j) {
      double sum = 0;
      for (int64_t k = 0; k < a.dim(1); ++k) {
        sum += double{a.data()[i * a.dim(1) + k]} * b.data()[k * b.dim(1) + j];
      }
      result.data()[i * b.dim(1) + j] = static_cast<float>(sum);
    }
  }
  return result;
}

// `base` with factor * delta added to its rows from `first` on.
inline Tensor plus(const Tensor& base, double factor, const Tensor& delta, int64_t first = 0) {
  Tensor result = base.clone();
  float* out = result.data() + first * base.dim(1);
  for (int64_t i = 0; i < delta.size(); ++i) {
    out[i] += static_cast<float>(factor * double{delta.data()[i]});
  }
  return result;
}

class AdapterTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_.emplace();
    synth_dit(*folder_ / "fused", testing::tiny_dit(), DType::kF8E4M3);
    synth_dit(*folder_ / "split", testing::tiny_dit(), DType::kF8E4M3, NameLayout::kDiffusers);
    synth_qwen3(*folder_ / "qwen3", testing::tiny_qwen3(), DType::kBF16);
  }
  static void TearDownTestSuite() { folder_.reset(); }
  void SetUp() override {
    set_log_sink([this](LogLevel level, const std::string& message) {
      if (level == LogLevel::kWarning) warnings.push_back(message);
    });
  }
  void TearDown() override {
    set_log_sink([](LogLevel, const std::string&) {});
  }

  static ModelWeights dit(const char* name = "fused") {
    return open_model_weights(*folder_ / name, ModelFamily::kZImage);
  }
  static Tensor base(const char* name) { return weights::to_float32(dit().get(name)); }

  void add(const std::string& key, const Tensor& tensor) {
    file.add(key, tensor.shape(), {tensor.values().begin(), tensor.values().end()});
  }
  ModelWeights apply(double strength = 1.0, const char* model = "fused") {
    return apply_to(dit(model), ModelFamily::kZImage, strength);
  }
  ModelWeights apply_to(const ModelWeights& weights, ModelFamily family, double strength) {
    file.write(*folder_ / "adapter.safetensors");
    const Adapter adapter = Adapter::open(*folder_ / "adapter.safetensors");
    Adapter::Use use;
    ModelWeights changed = adapter.applied_to(weights, family, strength, use);
    adapter.check_used(use, true);
    return changed;
  }
  // What the tensor of a model is after the adapter.
  void expect(const char* name, const Tensor& expected, double strength = 1.0) {
    for (const char* model : {"fused", "split"}) {
      EXPECT_LT(max_difference(weights::to_float32(apply(strength, model).get(name)), expected),
                kTolerance)
          << model;
    }
  }
  Error expect_refused(const std::string& message) {
    Error error = testing::expect_error([&] { apply(); });
    EXPECT_EQ(error.kind(), ErrorKind::kFile) << error.what();
    testing::expect_contains(error.what(), message);
    return error;
  }

  inline static std::optional<ScratchFolder> folder_;
  EditableFile file;
  std::vector<std::string> warnings;
};

}  // namespace zanime::checkpoints
