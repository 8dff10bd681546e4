// Products with weights that adapters change and with weights in GGUF's blocks, against the
// reference conversion, at every instruction set present.
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#include "ops/ops.h"
#include "tests/support/backends.h"
#include "tests/support/host_calls.h"
#include "tests/support/random_tensor.h"
#include "weights/weight_delta.h"
#include "weights/weight_values.h"

namespace zanime::ops {
namespace {

using zanime::testing::max_difference;
using zanime::testing::random_tensor;

weights::Weight float_weight(const Tensor& values) {
  auto owner = std::make_shared<Tensor>(values.clone());
  weights::WeightPart part;
  part.data = reinterpret_cast<const std::byte*>(owner->data());
  part.rows = values.dim(0);
  return {"test", values.shape(), {part}, owner};
}

// x W^T in double precision, W as the reference converts it.
Tensor naive_linear(const Tensor& x, const weights::Weight& weight) {
  const Tensor w = weights::to_float32(weight);
  const int64_t depth = x.dim(1), outputs = weight.rows();
  Tensor out({x.dim(0), outputs});
  for (int64_t r = 0; r < x.dim(0); ++r) {
    for (int64_t o = 0; o < outputs; ++o) {
      double sum = 0;
      for (int64_t i = 0; i < depth; ++i) {
        sum += double{x.data()[r * depth + i]} * w.data()[o * depth + i];
      }
      out.data()[r * outputs + o] = static_cast<float>(sum);
    }
  }
  return out;
}

template <typename Delta>
weights::WeightChange change_of(Delta delta, int64_t first, int64_t rows, float strength) {
  return {std::make_shared<const weights::WeightDelta>(weights::WeightDelta{std::move(delta)}),
          first, rows, strength, nullptr};
}

class ChangedWeights : public ::testing::TestWithParam<zanime::testing::BackendFactory> {
 protected:
  const zanime::testing::HostCalls calls{GetParam().make(Compute::kFloat32)};
  const zanime::testing::HostCalls* const backend = &calls;
};

INSTANTIATE_TEST_SUITE_P(Backends, ChangedWeights,
                         ::testing::ValuesIn(zanime::testing::backend_factories()),
                         [](const auto& backend) { return backend.param.name; });

// Rows that begin and end inside panels, columns beyond one panel.
TEST_P(ChangedWeights, EveryKindOfChange) {
  constexpr int64_t kRows = 600, kColumns = 800, kFirst = 100, kChanged = 420;
  const Tensor x = random_tensor({5, kColumns}, 1);
  const weights::Weight plain = float_weight(random_tensor({kRows, kColumns}, 2));
  const weights::LowRankDelta first{random_tensor({kChanged, 3}, 3),
                                    random_tensor({3, kColumns}, 4)};
  const weights::LowRankDelta second{random_tensor({kChanged, 2}, 5),
                                     random_tensor({2, kColumns}, 6)};
  const weights::KroneckerDelta kronecker{random_tensor({20, 10}, 7), random_tensor({21, 80}, 8)};
  const weights::FullDelta full{float_weight(random_tensor({kChanged, kColumns}, 9))};
  std::vector<weights::WeightChange> changes = {
      change_of(first, kFirst, kChanged, 0.5f),
      change_of(weights::HadamardDelta{first, second}, kFirst, kChanged, 2),
      change_of(kronecker, kFirst, kChanged, -0.3f), change_of(full, kFirst, kChanged, 0.2f)};
  for (const bool per_row : {true, false}) {
    for (size_t i = 0; i < 4; ++i) {
      weights::WeightChange change = changes[i];
      const int64_t count = per_row ? kChanged : kColumns;
      const Tensor a = random_tensor({count}, 10), b = random_tensor({count}, 11);
      change.magnitude = std::make_shared<const weights::Magnitude>(weights::Magnitude{
          per_row, {a.values().begin(), a.values().end()}, {b.values().begin(), b.values().end()}});
      changes.push_back(change);
    }
  }
  weights::Weight all = plain;
  for (const weights::WeightChange& change : changes) {
    const Linear layer{plain.with_change(change), {}};
    EXPECT_LT(max_difference(backend->linear(x, layer), naive_linear(x, layer.weight)), 1e-3);
    all = all.with_change(change);
  }
  EXPECT_LT(max_difference(backend->linear(x, {all, {}}), naive_linear(x, all)), 1e-3);
  // The reference itself, by hand.
  const Tensor before = weights::to_float32(plain),
               after = weights::to_float32(plain.with_change(changes[0]));
  for (const int64_t row : {int64_t{0}, kFirst, kFirst + kChanged - 1, kFirst + kChanged}) {
    float delta = 0;
    if (row >= kFirst && row < kFirst + kChanged) {
      for (int64_t k = 0; k < 3; ++k) {
        delta += first.up.data()[(row - kFirst) * 3 + k] * first.down.data()[k * kColumns + 7];
      }
    }
    EXPECT_NEAR(after.data()[row * kColumns + 7], before.data()[row * kColumns + 7] + 0.5f * delta,
                1e-5);
  }
  EXPECT_TRUE(plain.changes().empty());
}

TEST_P(ChangedWeights, RowsOfATable) {
  const weights::Weight table =
      float_weight(random_tensor({10, 30}, 1))
          .with_change(
              change_of(weights::LowRankDelta{random_tensor({10, 2}, 2), random_tensor({2, 30}, 3)},
                        0, 10, 1.0f));
  const Tensor rows = backend->embedding_rows(table, std::vector<int32_t>{7, 0});
  const Tensor expected = weights::to_float32(table);
  EXPECT_LT(max_difference(rows.rows(0, 1), expected.rows(7, 1)), 1e-5);
  EXPECT_LT(max_difference(rows.rows(1, 1), expected.rows(0, 1)), 1e-5);
}

// Random blocks whose scales are finite and small.
weights::Weight block_weight(DType dtype, int64_t rows, int64_t columns) {
  std::mt19937 random(5);
  auto bytes = std::make_shared<std::vector<std::byte>>(
      static_cast<size_t>(dtype_bytes(dtype, rows * columns)));
  for (std::byte& byte : *bytes) byte = static_cast<std::byte>(random() & 0xff);
  // Below 1 as a half-precision number wherever the scales are: every second byte has an exponent
  // that is small.
  for (size_t i = 0; i < bytes->size(); ++i) (*bytes)[i] &= std::byte{0xbb};
  weights::WeightPart part;
  part.data = bytes->data();
  part.dtype = dtype;
  part.rows = rows;
  return {"blocks", Shape{rows, columns}, {part}, bytes};
}

TEST_P(ChangedWeights, BlocksOfEveryType) {
  for (const DType dtype : {DType::kQ8_0, DType::kQ6_K, DType::kQ5_K, DType::kQ5_1, DType::kQ5_0,
                            DType::kQ4_K, DType::kQ4_1, DType::kQ4_0, DType::kQ3_K, DType::kQ2_K}) {
    const int64_t columns = 768 + dtype_block(dtype);  // beyond one panel
    const weights::Weight weight = block_weight(dtype, 70, columns);
    const Tensor x = random_tensor({3, columns}, 1);
    const Tensor expected = naive_linear(x, weight);
    const double tolerance = 1e-5 * zanime::testing::max_magnitude(expected);
    EXPECT_LT(max_difference(backend->linear(x, {weight, {}}), expected), tolerance)
        << dtype_name(dtype);
    const weights::Weight changed = weight.with_change(
        change_of(weights::LowRankDelta{random_tensor({30, 2}, 2), random_tensor({2, columns}, 3)},
                  20, 30, 1.0f));
    EXPECT_LT(max_difference(backend->linear(x, {changed, {}}), naive_linear(x, changed)),
              tolerance + 1e-3)
        << dtype_name(dtype);
  }
}

}  // namespace
}  // namespace zanime::ops
