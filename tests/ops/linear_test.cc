#include "ops/cpu/linear.h"

#include <string>

#include <gtest/gtest.h>

#include "base/dtype.h"
#include "base/parallel.h"
#include "ops/cpu/cpu_backend.h"
#include "ops/cpu/cpu_level.h"
#include "ops/ops.h"
#include "tests/support/host_calls.h"
#include "tests/support/random_tensor.h"
#include "tests/support/split_weight.h"

namespace zanime::ops {
namespace {

using namespace zanime::testing;

class LinearInBfloat16 : public ::testing::TestWithParam<std::string> {
 protected:
  const HostCalls exact_calls{make_cpu_backend(GetParam(), Compute::kFloat32)};
  const HostCalls* const exact = &exact_calls;
  const HostCalls rounding_calls{make_cpu_backend(GetParam(), Compute::kBFloat16)};
  const HostCalls* const rounding = &rounding_calls;
};

INSTANTIATE_TEST_SUITE_P(Levels, LinearInBfloat16, ::testing::ValuesIn(cpu_levels()),
                         [](const auto& level) { return level.param; });

Tensor rounded(const Tensor& x) {
  Tensor result(x.shape());
  for (int64_t i = 0; i < x.size(); ++i) {
    result.data()[i] = bf16_to_f32(f32_to_bf16(x.data()[i]));
  }
  return result;
}

TEST_P(LinearInBfloat16, IsTheProductOfRoundedFactors) {
  // Several blocks of inputs, panels and packs, none of them whole; an odd depth; one row.
  for (const auto& [rows, depth, outputs] :
       {std::array<int64_t, 3>{100, 1346, 170}, {7, 769, 35}, {1, 64, 300}}) {
    const Tensor x = random_tensor({rows, depth}, 1), w = random_tensor({outputs, depth}, 2),
                 bias = random_tensor({outputs}, 3);
    const Tensor expected =
        exact->linear(rounded(x), {split_weight(rounded(w), 1), whole_weight(bias)});
    const Tensor out = rounding->linear(x, {split_weight(w, 3), whole_weight(bias)});
    EXPECT_LT(max_difference(out, expected), 1e-4) << depth;
    EXPECT_GT(max_difference(out, exact->linear(x, {split_weight(w, 1), whole_weight(bias)})), 1e-3)
        << depth << " was not rounded";
  }
}

TEST_P(LinearInBfloat16, TheGatedFeedForwardRoundsEachFactor) {
  const Tensor x = random_tensor({9, 48}, 1), gate = random_tensor({600, 48}, 2),
               up = random_tensor({600, 48}, 3), down = random_tensor({48, 600}, 4);
  const Tensor out = rounding->gated_feed_forward(
      x, {split_weight(gate, 1), {}}, {split_weight(up, 1), {}}, {split_weight(down, 1), {}});
  // What lies between is float32 and is rounded on its way into the last product.
  const Tensor expected = rounding->gated_feed_forward(
      rounded(x), {split_weight(rounded(gate), 1), {}}, {split_weight(rounded(up), 1), {}},
      {split_weight(rounded(down), 1), {}});
  EXPECT_LT(max_difference(out, expected), 1e-4);
}

TEST_P(LinearInBfloat16, LayersThatKeepFloat32AreExact) {
  Linear layer{split_weight(random_tensor({40, 64}, 2), 1), {}};
  layer.keeps_float32 = true;
  const Tensor x = random_tensor({5, 64}, 1);
  EXPECT_EQ(max_difference(rounding->linear(x, layer), exact->linear(x, layer)), 0);
}

TEST_P(LinearInBfloat16, OutputsDoNotDependOnTheirNeighbours) {
  // Nor on how many rows there are: a picture is the same alone and in a batch.
  const Tensor x = random_tensor({200, 1400}, 1), w = random_tensor({130, 1400}, 2);
  for (const HostCalls* const backend : {exact, rounding}) {
    const Tensor all = backend->linear(x, {split_weight(w, 1), {}});
    const Tensor some = backend->linear(x.rows(101, 3), {split_weight(w.rows(33, 50), 1), {}});
    for (int64_t row = 0; row < 3; ++row) {
      for (int64_t output = 0; output < 50; ++output) {
        EXPECT_EQ(some.data()[row * 50 + output], all.data()[(101 + row) * 130 + 33 + output])
            << row << ", " << output;
      }
    }
  }
}

TEST(EvenPanel, GivesAllThreadsAsMuch) {
  for (const int64_t outputs : {1, 31, 64, 96, 256, 2560, 3840, 10240, 11520}) {
    const int64_t panel = cpu::even_panel(outputs, 128, 32);
    EXPECT_EQ(panel % 32, 0) << outputs;
    EXPECT_GT(panel, 0) << outputs;
    EXPECT_LE(panel, 128) << outputs;
  }
  const int threads = thread_count();
  set_thread_count(2);
  EXPECT_EQ(cpu::even_panel(3840, 256, 8), 240);  // 16 instead of 15
  EXPECT_EQ(cpu::even_panel(3840, 128, 32), 128);
  EXPECT_EQ(cpu::even_panel(64, 128, 32), 32);
  set_thread_count(threads);
}

TEST(Compute, IsReadFromItsName) {
  EXPECT_EQ(parse_compute("auto"), Compute::kAuto);
  EXPECT_EQ(parse_compute("fp32"), Compute::kFloat32);
  EXPECT_EQ(parse_compute("bf16"), Compute::kBFloat16);
  EXPECT_EQ(parse_compute("int8"), Compute::kInt8);
}

}  // namespace
}  // namespace zanime::ops
