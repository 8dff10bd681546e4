// The backend for cards held to plain loops in double precision: on the host with plain loops in
// place of the libraries, or on the card in builds that have one.
#include "ops/cuda/cuda_backend.h"

#include <cmath>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "base/error.h"
#ifdef ZANIME_CUDA
#include "ops/cuda/make_cuda_backend.h"
#else
#include "tests/support/host_card.h"
#endif
#include "tests/support/random_tensor.h"
#include "tests/support/split_weight.h"
#include "weights/rotation.h"
#include "weights/weight_delta.h"
#include "weights/weight_values.h"

namespace zanime::ops::cuda {
namespace {

using zanime::testing::max_difference;
using zanime::testing::max_magnitude;
using zanime::testing::random_tensor;
using zanime::testing::split_weight;

// x W^T + b, W as the reference converts it.
Tensor naive_linear(const Tensor& x, const weights::Weight& weight, const Tensor& bias = {}) {
  const Tensor w = weights::to_float32(weight);
  const int64_t depth = x.dim(-1), rows = x.size() / depth, outputs = weight.rows();
  Tensor out({rows, outputs});
  for (int64_t i = 0; i < rows * outputs; ++i) {
    double sum = bias.empty() ? 0.0 : bias.data()[i % outputs];
    for (int64_t k = 0; k < depth; ++k) {
      sum += double{x.data()[i / outputs * depth + k]} * w.data()[i % outputs * depth + k];
    }
    out.data()[i] = static_cast<float>(sum);
  }
  return out;
}

weights::Weight vector_weight(const Tensor& values) { return split_weight(values, 1); }

// A weight whose stored bytes are given.
weights::Weight stored_weight(DType dtype, Shape shape, std::vector<uint8_t> bytes,
                              weights::WeightPart part = {}) {
  auto owner = std::make_shared<std::vector<uint8_t>>(std::move(bytes));
  part.data = reinterpret_cast<const std::byte*>(owner->data());
  part.dtype = dtype;
  part.rows = shape[0];
  return {"stored", std::move(shape), {part}, owner};
}

struct Card {
#ifdef ZANIME_CUDA
  explicit Card(Compute compute) : backend(make_cuda_backend(0, compute, 0)) {}
#else
  explicit Card(Compute compute, int64_t weight_bytes = int64_t{1} << 40)
      : backend(make_backend_on(memory, library, compute, weight_bytes)) {}

  std::shared_ptr<HostMemory> memory = std::make_shared<HostMemory>();
  std::shared_ptr<HostLibrary> library = std::make_shared<HostLibrary>();
#endif
  std::shared_ptr<Backend> backend;

  Tensor linear(const Tensor& x, const Linear& layer) {
    return backend->download(backend->linear(backend->upload(x), layer));
  }
};

// What a result in these numbers may be off by, of its largest value.
double limit(Compute compute, const Tensor& expected) {
  const double relative = compute == Compute::kFloat32 ? 1e-5 : 0.012;
  return relative * std::max(1.0, max_magnitude(expected));
}

class CudaBackendTest : public ::testing::TestWithParam<Compute> {
 protected:
  Compute compute = GetParam();
  Card card{compute};
  Backend& backend = *card.backend;
};

INSTANTIATE_TEST_SUITE_P(Modes, CudaBackendTest,
                         ::testing::Values(Compute::kFloat32, Compute::kBFloat16));

TEST_P(CudaBackendTest, LinearMatchesPlainLoops) {
  for (auto [rows, depth, outputs, parts] :
       std::vector<std::array<int64_t, 4>>{{1, 5, 3, 1}, {7, 77, 53, 3}, {16, 64, 48, 2}}) {
    const Tensor x = random_tensor({rows, depth}, 1), bias = random_tensor({outputs}, 3);
    const Linear layer{split_weight(random_tensor({outputs, depth}, 2), static_cast<int>(parts)),
                       vector_weight(bias)};
    const Tensor expected = naive_linear(x, layer.weight, bias);
    EXPECT_LT(max_difference(card.linear(x, layer), expected), limit(compute, expected)) << depth;
    Activation sum = backend.upload(expected);
    backend.linear_add_inplace(sum, backend.upload(x), layer);
    Tensor twice = expected.clone();
    for (float& value : twice.values()) value *= 2;
    EXPECT_LT(max_difference(backend.download(sum), twice), limit(compute, twice)) << depth;
  }
}

TEST_P(CudaBackendTest, ALayerMayKeepFloat32) {
  const Tensor x = random_tensor({3, 40}, 1);
  Linear layer{split_weight(random_tensor({6, 40}, 2), 1), {}};
  layer.keeps_float32 = true;
  EXPECT_LT(max_difference(card.linear(x, layer), naive_linear(x, layer.weight)), 1e-5);
}

TEST_P(CudaBackendTest, GatedFeedForwardIsItsDefinition) {
  const Tensor x = random_tensor({9, 48}, 1);
  const auto gate = split_weight(random_tensor({60, 48}, 2), 1),
             up = split_weight(random_tensor({60, 48}, 3), 2),
             down = split_weight(random_tensor({48, 60}, 4), 1);
  Tensor hidden = naive_linear(x, gate);
  const Tensor factor = naive_linear(x, up);
  for (int64_t i = 0; i < hidden.size(); ++i) {
    const double g = hidden.data()[i];
    hidden.data()[i] = static_cast<float>(g / (1 + std::exp(-g)) * factor.data()[i]);
  }
  const Tensor expected = naive_linear(hidden, down);
  const Tensor out = backend.download(
      backend.gated_feed_forward(backend.upload(x), {gate, {}}, {up, {}}, {down, {}}));
  EXPECT_LT(max_difference(out, expected), limit(compute, expected));
}

Tensor naive_attention(const Tensor& qkv, const AttentionLayout& a, bool causal) {
  Tensor out({a.batch * a.tokens, a.query_heads * a.head_dim});
  for (int64_t i = 0; i < a.batch * a.query_heads * a.tokens; ++i) {
    const int64_t token = i % a.tokens, head = i / a.tokens % a.query_heads;
    const int64_t item = i / a.tokens / a.query_heads;
    const int64_t kv = head / (a.query_heads / a.kv_heads);
    const auto element = [&](int64_t row, int64_t column, int64_t k) {
      return double{(&qkv.data()[(item * a.tokens + row) * a.row_size()])[column * a.head_dim + k]};
    };
    const int64_t visible = causal ? token + 1 : a.tokens;
    std::vector<double> weights(static_cast<size_t>(visible));
    double sum = 0;
    for (int64_t s = 0; s < visible; ++s) {
      double score = 0;
      for (int64_t k = 0; k < a.head_dim; ++k) {
        score += element(token, head, k) * element(s, a.query_heads + kv, k);
      }
      sum += weights[s] = std::exp(score / std::sqrt(static_cast<double>(a.head_dim)));
    }
    for (int64_t k = 0; k < a.head_dim; ++k) {
      double value = 0;
      for (int64_t s = 0; s < visible; ++s) {
        value += weights[s] / sum * element(s, a.query_heads + a.kv_heads + kv, k);
      }
      out.data()[(item * a.tokens + token) * out.dim(1) + head * a.head_dim + k] =
          static_cast<float>(value);
    }
  }
  return out;
}

TEST_P(CudaBackendTest, AttentionMatchesPlainLoops) {
  for (const AttentionLayout& layout :
       {AttentionLayout{1, 1, 1, 1, 8}, AttentionLayout{2, 33, 4, 2, 16},
        AttentionLayout{1, 50, 3, 3, 24}}) {
    const Tensor qkv = random_tensor({layout.batch * layout.tokens, layout.row_size()}, 5);
    for (bool causal : {false, true}) {
      const Tensor out = backend.download(backend.attention(backend.upload(qkv), layout, causal));
      const Tensor expected = naive_attention(qkv, layout, causal);
      EXPECT_LT(max_difference(out, expected), limit(compute, expected)) << layout.tokens;
    }
  }
}

void expect_convolutions_match_plain_loops(Backend& backend, Compute compute) {
  struct Case {
    int64_t inputs, outputs, kernel;
    int stride, before, after;
  };
  for (const Case& c : {Case{4, 5, 3, 1, 1, 1}, Case{3, 2, 1, 1, 0, 0}, Case{2, 4, 3, 2, 0, 1}}) {
    const Tensor x = random_tensor({2, 6, 7, c.inputs}, 1),
                 w = random_tensor({c.outputs, c.inputs, c.kernel, c.kernel}, 2),
                 bias = random_tensor({c.outputs}, 3);
    const Conv2d layer{vector_weight(w), vector_weight(bias), c.stride, c.before, c.after};
    const int64_t height = (6 + c.before + c.after - c.kernel) / c.stride + 1;
    const int64_t width = (7 + c.before + c.after - c.kernel) / c.stride + 1;
    Tensor expected({2, height, width, c.outputs});
    for (int64_t i = 0; i < expected.size(); ++i) {
      const int64_t o = i % c.outputs, column = i / c.outputs % width;
      const int64_t row = i / c.outputs / width % height, item = i / c.outputs / width / height;
      double sum = bias.data()[o];
      for (int64_t k = 0; k < c.inputs; ++k) {
        for (int64_t ky = 0; ky < c.kernel; ++ky) {
          for (int64_t kx = 0; kx < c.kernel; ++kx) {
            const int64_t y = row * c.stride + ky - c.before, z = column * c.stride + kx - c.before;
            if (y < 0 || y >= 6 || z < 0 || z >= 7) continue;
            sum += double{x.data()[((item * 6 + y) * 7 + z) * c.inputs + k]} *
                   w.data()[((o * c.inputs + k) * c.kernel + ky) * c.kernel + kx];
          }
        }
      }
      expected.data()[i] = static_cast<float>(sum);
    }
    const Tensor out = backend.download(backend.conv2d(backend.upload(x), layer));
    EXPECT_LT(max_difference(out, expected), limit(compute, expected)) << c.kernel;
  }
}

TEST_P(CudaBackendTest, ConvolutionsMatchPlainLoops) {
  expect_convolutions_match_plain_loops(backend, compute);
}

TEST_P(CudaBackendTest, WorkOfUpscalersIsItsDefinition) {
  const Tensor x = random_tensor({1, 4, 5, 8}, 1), other = random_tensor({1, 4, 5, 3}, 2);
  const Tensor slopes = random_tensor({8}, 3);
  Activation changed = backend.join_channels(std::vector{backend.upload(x)});
  backend.leaky_relu_inplace(changed, 0.2f);
  backend.prelu_inplace(changed, vector_weight(slopes));
  backend.add_inplace(changed, backend.upload(x), 0.5f);
  const Activation attended = backend.sigmoid_attention(changed, backend.upload(x));
  const Tensor joined =
      backend.download(backend.join_channels(std::vector{attended, backend.upload(other)}));
  ASSERT_EQ(joined.shape(), (Shape{1, 4, 5, 11}));
  Tensor expected(joined.shape());
  for (int64_t i = 0; i < expected.size(); ++i) {
    const int64_t row = i / 11, column = i % 11;
    if (column >= 8) {
      expected.data()[i] = other.data()[row * 3 + column - 8];
      continue;
    }
    const double v = x.data()[row * 8 + column];
    double y = v > 0 ? v : 0.2 * v;
    y = (y > 0 ? y : slopes.data()[column] * y) + 0.5 * v;
    expected.data()[i] = static_cast<float>((y + v) * (1 / (1 + std::exp(-y)) - 0.5));
  }
  EXPECT_LT(max_difference(joined, expected), limit(compute, expected));
}

TEST_P(CudaBackendTest, NormedAndUpsampledConvolutionsAreTheirParts) {
  const Tensor x = random_tensor({1, 4, 5, 8}, 1);
  const GroupNorm norm{2, vector_weight(random_tensor({8}, 2)),
                       vector_weight(random_tensor({8}, 3))};
  const Conv2d layer{vector_weight(random_tensor({8, 8, 3, 3}, 4)),
                     vector_weight(random_tensor({8}, 5))};
  const Activation in = backend.upload(x);
  const Tensor expected =
      backend.download(backend.conv2d(backend.silu(backend.group_norm(in, norm)), layer));
  EXPECT_LT(max_difference(backend.download(backend.norm_conv2d(in, norm, layer)), expected),
            limit(compute, expected));
  Activation changed = backend.upload(x);
  backend.norm_conv2d_inplace(changed, norm, layer);
  EXPECT_LT(max_difference(backend.download(changed), expected), limit(compute, expected));

  Tensor large({1, 8, 10, 8});
  for (int64_t i = 0; i < large.size(); ++i) {
    large.data()[i] = x.data()[((i / 80 / 2) * 5 + i / 8 % 10 / 2) * 8 + i % 8];
  }
  EXPECT_EQ(max_difference(backend.download(backend.upsample_conv2d(in, layer)),
                           backend.download(backend.conv2d(backend.upload(large), layer))),
            0);
}

TEST_P(CudaBackendTest, PartsOfOneItemServeAllItems) {
  const Tensor a = random_tensor({1, 2, 4}, 1), b = random_tensor({2, 3, 4}, 2);
  const std::vector<Activation> parts = {backend.upload(a), backend.upload(b)};
  const Tensor out = backend.download(backend.join_rows(parts));
  ASSERT_EQ(out.shape(), Shape({2, 5, 4}));
  for (int64_t i = 0; i < out.size(); ++i) {
    const int64_t item = i / 20, token = i / 4 % 5, c = i % 4;
    EXPECT_EQ(out.data()[i],
              token < 2 ? a.data()[token * 4 + c] : b.data()[(item * 3 + token - 2) * 4 + c]);
  }
}

TEST_P(CudaBackendTest, RowsOfAnActivationAreAView) {
  const Tensor x = random_tensor({5, 24}, 1);
  const Linear layer{split_weight(random_tensor({7, 24}, 2), 1), {}};
  const Tensor out = backend.download(backend.linear(backend.upload(x).rows(2, 3), layer));
  const Tensor expected = naive_linear(x.rows(2, 3), layer.weight);
  EXPECT_LT(max_difference(out, expected), limit(compute, expected));
}

TEST_P(CudaBackendTest, StoredNumbersAndScalesAndAdapters) {
  const Tensor x = random_tensor({16, 64}, 1);
  std::vector<uint8_t> f8, int8;
  const Tensor values = random_tensor({32, 64}, 2);
  for (float value : values.values()) {
    f8.push_back(f32_to_f8e4m3(value));
    int8.push_back(static_cast<uint8_t>(static_cast<int8_t>(value * 127)));
  }
  weights::WeightPart scaled, by_row;
  scaled.scale = 0.5f;
  const Tensor factors = random_tensor({32}, 3);
  by_row.row_scales =
      std::make_shared<const std::vector<float>>(factors.values().begin(), factors.values().end());
  by_row.rotation = 64;
  const auto delta = std::make_shared<const weights::WeightDelta>(weights::WeightDelta{
      weights::LowRankDelta{random_tensor({8, 3}, 4), random_tensor({3, 64}, 5)}});
  const auto full = std::make_shared<const weights::WeightDelta>(
      weights::WeightDelta{weights::FullDelta{split_weight(random_tensor({32, 64}, 6), 1)}});
  for (const weights::Weight& weight :
       {stored_weight(DType::kF8E4M3, {32, 64}, f8, scaled),
        stored_weight(DType::kI8, {32, 64}, int8, by_row),
        split_weight(random_tensor({32, 64}, 7), 2)
            .with_change({delta, 20, 8, 0.7f, nullptr})
            .with_change({delta, 4, 8, -0.3f, nullptr}),
        split_weight(random_tensor({32, 64}, 7), 2).with_change({full, 0, 32, 0.4f, nullptr})}) {
    const Tensor expected = naive_linear(x, weight);
    for (int run = 0; run < 2; ++run) {
      EXPECT_LT(max_difference(card.linear(x, {weight, {}}), expected), limit(compute, expected))
          << dtype_name(weight.parts()[0].dtype) << " with " << weight.changes().size();
    }
  }
}

#ifndef ZANIME_CUDA
TEST_P(CudaBackendTest, ConvolutionsThatTheLibraryLacksAreProducts) {
  card.library->has_convolutions = false;
  expect_convolutions_match_plain_loops(backend, compute);
}

// The mean difference, of the mean value.
double mean_error(const Tensor& a, const Tensor& b) {
  double difference = 0, magnitude = 0;
  for (int64_t i = 0; i < a.size(); ++i) {
    difference += std::fabs(a.data()[i] - b.data()[i]);
    magnitude += std::fabs(b.data()[i]);
  }
  return difference / magnitude;
}

TEST(CudaBackendModes, IntegersAreNearAndUseStoredIntegers) {
  Card card(Compute::kInt8);
  const Tensor x = random_tensor({32, 64}, 1);
  const weights::Weight plain = split_weight(random_tensor({48, 64}, 2), 2);
  EXPECT_LT(mean_error(card.linear(x, {plain, {}}), naive_linear(x, plain)), 0.015);
  std::vector<uint8_t> stored;
  const Tensor values = random_tensor({48, 64}, 3);
  for (float value : values.values()) {
    stored.push_back(static_cast<uint8_t>(static_cast<int8_t>(value * 127)));
  }
  weights::WeightPart part;
  part.scale = 1.0f / 127;
  part.rotation = 64;
  const weights::Weight int8 = stored_weight(DType::kI8, {48, 64}, stored, part);
  EXPECT_LT(mean_error(card.linear(x, {int8, {}}), naive_linear(x, int8)), 0.012);
  EXPECT_EQ(card.library->products_in_8_bits, 2);
  // Rows that do not come in sixteens, and layers that keep float32, are multiplied exactly.
  Linear exact{plain, {}};
  exact.keeps_float32 = true;
  card.linear(x, exact);
  card.linear(random_tensor({7, 64}, 1), {plain, {}});
  EXPECT_EQ(card.library->products_in_8_bits, 2);
}

TEST(CudaBackendModes, F8IsNearWithScalesOfRowsAndOfTensors) {
  const Tensor x = random_tensor({32, 64}, 1);
  const weights::Weight plain = split_weight(random_tensor({48, 64}, 2), 2);
  std::vector<uint8_t> bytes;
  const Tensor values = random_tensor({48, 64}, 3);
  for (float value : values.values()) bytes.push_back(f32_to_f8e4m3(value));
  weights::WeightPart part;
  part.scale = 0.3f;
  const weights::Weight stored = stored_weight(DType::kF8E4M3, {48, 64}, bytes, part);
  for (F8Scales scales : {F8Scales::kRows, F8Scales::kTensor}) {
    auto library = std::make_shared<HostLibrary>();
    library->f8 = scales;
    const auto backend = make_backend_on(std::make_shared<HostMemory>(), library, Compute::kFloat8,
                                         int64_t{1} << 30);
    for (const weights::Weight& weight : {plain, stored}) {
      for (int run = 0; run < 2; ++run) {
        const Tensor out = backend->download(backend->linear(backend->upload(x), {weight, {}}));
        EXPECT_LT(mean_error(out, naive_linear(x, weight)), 0.05);
      }
    }
    EXPECT_EQ(library->products_in_8_bits, 4);
  }
}

TEST(CudaBackendModes, LayersThatKeepBfloat16AreNotIn8Bits) {
  Card card(Compute::kFloat8);
  const Tensor x = random_tensor({32, 64}, 1);
  Linear layer{split_weight(random_tensor({48, 64}, 2), 2), {}};
  layer.keeps_bfloat16 = true;
  EXPECT_LT(mean_error(card.linear(x, layer), naive_linear(x, layer.weight)), 0.006);
  EXPECT_EQ(card.library->products_in_8_bits, 0);
  layer.keeps_bfloat16 = false;
  card.linear(x, layer);
  EXPECT_EQ(card.library->products_in_8_bits, 1);
}

TEST(CudaBackendModes, WeightsIn8BitsLieOnTheCardOnce) {
  const Tensor x = random_tensor({32, 64}, 1);
  std::vector<uint8_t> bytes;
  const Tensor values = random_tensor({48, 64}, 3);
  for (float value : values.values()) bytes.push_back(f32_to_f8e4m3(value));
  const weights::Weight stored = stored_weight(DType::kF8E4M3, {48, 64}, bytes),
                        plain = split_weight(random_tensor({48, 64}, 2), 2);
  for (Compute compute : {Compute::kFloat8, Compute::kInt8}) {
    for (const weights::Weight& weight : {stored, plain}) {
      Card card(compute);
      const weights::Weight* const coming[] = {&weight};
      card.backend->expect(coming);
      card.linear(x, {weight, {}});
      EXPECT_EQ(card.library->products_in_8_bits, 1);
      // Its rows, and some scales.
      EXPECT_LE(card.memory->used(), 48 * 64 + 256 + 49 * 4) << weight.name();
    }
  }
}

TEST(CudaBackendModes, ACardWithoutAModeTakesTheNextMoreExactOne) {
  auto library = std::make_shared<HostLibrary>();
  library->has_int8 = false;
  const auto backend =
      make_backend_on(std::make_shared<HostMemory>(), library, Compute::kInt8, 1 << 20);
  EXPECT_NE(backend->description().find("bf16, because"), std::string::npos);
  library->has_bf16 = false;
  EXPECT_NE(make_backend_on(std::make_shared<HostMemory>(), library, Compute::kAuto, 1 << 20)
                ->description()
                .find("fp32, because"),
            std::string::npos);
}

TEST(CudaBackendMemory, WeightsStayWithinTheirBudgetAndAreOtherwiseBroughtAgain) {
  const Tensor x = random_tensor({4, 64}, 1);
  const weights::Weight first = split_weight(random_tensor({32, 64}, 2), 1),
                        second = split_weight(random_tensor({32, 64}, 3), 1);
  const int64_t bytes = 32 * 64 * 4;
  for (int64_t budget : {int64_t{0}, bytes, 2 * bytes}) {
    Card card(Compute::kFloat32, budget);
    const weights::Weight* const both[] = {&first, &second};
    for (int run = 0; run < 3; ++run) {
      card.backend->expect(both);
      EXPECT_LT(max_difference(card.linear(x, {first, {}}), naive_linear(x, first)), 1e-5);
      EXPECT_LT(max_difference(card.linear(x, {second, {}}), naive_linear(x, second)), 1e-5);
      EXPECT_LE(card.memory->used(), budget);
    }
    const int64_t brought = card.memory->uploaded - 3 * 2 * x.size() * 4;
    // With room for one, two files take turns.
    EXPECT_EQ(brought, budget == 2 * bytes ? 2 * bytes : 6 * bytes) << budget;
  }
}

TEST(CudaBackendMemory, AFullCardGivesUpWeightsAndThenSaysSo) {
  Card card(Compute::kFloat32);
  const Tensor x = random_tensor({4, 64}, 1);
  const weights::Weight weight = split_weight(random_tensor({32, 64}, 2), 1);
  card.linear(x, {weight, {}});
  card.memory->set_capacity(10000);
  EXPECT_GT(card.memory->used(), 8000);
  const Activation room = card.backend->upload(random_tensor({2400}, 3));
  EXPECT_EQ(card.memory->used(), 9600);
  EXPECT_THROW(
      {
        try {
          card.backend->upload(random_tensor({2400}, 3));
        } catch (const Error& error) {
          EXPECT_EQ(error.kind(), ErrorKind::kResource);
          throw;
        }
      },
      Error);
}

TEST(CudaBackendMemory, WhatALayerTakesInBetweenMayTakeTheRoomOfOtherFiles) {
  Card card(Compute::kBFloat16);
  const Tensor x = random_tensor({16, 64}, 1);
  std::vector<uint8_t> bytes;
  const Tensor values = random_tensor({32, 64}, 3);
  for (float value : values.values()) bytes.push_back(f32_to_f8e4m3(value));
  const weights::Weight other = split_weight(random_tensor({32, 64}, 2), 1),
                        stored = stored_weight(DType::kF8E4M3, {32, 64}, bytes);
  card.linear(x, {other, {}});
  EXPECT_GE(card.memory->used(), 32 * 64 * 4);
  // Enough for the stored weight beside it, not for its values in bfloat16.
  card.memory->set_capacity(card.memory->used() + 32 * 64 + 16 * 64 * 6 + 16 * 32 * 2);
  const Tensor expected = naive_linear(x, stored);
  EXPECT_LT(max_difference(card.linear(x, {stored, {}}), expected),
            limit(Compute::kBFloat16, expected));
  EXPECT_LT(card.memory->used(), 32 * 64 * 4);
}

TEST(CudaBackendMemory, WhereAFileAloneIsTooMuchLessOfItIsKept) {
  Card card(Compute::kFloat32);
  const Tensor x = random_tensor({4, 64}, 1);
  const weights::Weight whole = split_weight(random_tensor({96, 64}, 2), 6);
  std::vector<weights::Weight> weights;  // of one file
  for (const weights::WeightPart& part : whole.parts()) {
    weights.push_back({"w", {16, 64}, {part}, whole.owner()});
  }
  const auto pass = [&] {
    for (const weights::Weight& weight : weights) {
      EXPECT_LT(max_difference(card.linear(x, {weight, {}}), naive_linear(x, weight)), 1e-5);
    }
  };
  pass();
  const int64_t all = card.memory->used();
  EXPECT_EQ(all, 96 * 64 * 4);
  card.memory->set_capacity(all + 512);  // not for what comes in and goes out
  pass();
  EXPECT_LT(card.memory->used(), all);
  pass();  // what stays is brought once more
  const int64_t before = card.memory->uploaded;
  pass();
  // Four of the six stayed.
  EXPECT_EQ(card.memory->uploaded - before, 6 * x.size() * 4 + 2 * 16 * 64 * 4);
}

TEST(CudaBackendMemory, AFileStaysOpenWhileItIsRead) {
  Card card(Compute::kFloat32);
  std::weak_ptr<const void> owner;
  {
    const weights::Weight weight = split_weight(random_tensor({32, 64}, 2), 1);
    owner = weight.owner();
    const weights::Weight* const coming[] = {&weight};
    card.backend->expect(coming);
  }
  EXPECT_FALSE(owner.expired());
  card.backend.reset();
  EXPECT_TRUE(owner.expired());
}

TEST(CudaBackendMemory, TheHostWaitsForTheCardInEveryBlock) {
  Card card(Compute::kBFloat16);
  const AttentionLayout layout{1, 4, 1, 1, 16};
  card.backend->attention(card.backend->upload(random_tensor({4, 48}, 1)), layout, false);
  EXPECT_EQ(card.memory->marks, 1);
}

TEST(CudaBackendMemory, WeightsOfClosedFilesAndAdaptersAreNotTakenForNewOnes) {
  Card card(Compute::kFloat32);
  const Tensor x = random_tensor({2, 8}, 1);
  // A file that is mapped where another one was.
  Tensor values = random_tensor({4, 8}, 2);
  for (uint32_t seed = 2; seed < 5; ++seed) {
    const Tensor next = random_tensor({4, 8}, seed);
    std::copy_n(next.data(), next.size(), values.data());
    weights::WeightPart part;
    part.data = reinterpret_cast<const std::byte*>(values.data());
    part.rows = 4;
    const weights::Weight weight("w", {4, 8}, {part}, std::make_shared<int>(0));
    EXPECT_LT(max_difference(card.linear(x, {weight, {}}), naive_linear(x, weight)), 1e-5) << seed;
  }
}

#endif

}  // namespace
}  // namespace zanime::ops::cuda
