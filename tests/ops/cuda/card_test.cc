// What only a card can show: the libraries' modes at the networks' sizes, memory that stays flat,
// weights that are brought again and again; and how long it takes, beside the bare libraries.
#ifdef ZANIME_CUDA
#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "ops/cuda/make_cuda_backend.h"
#include "ops/cuda/nvidia/cublas_lt.h"
#include "ops/cuda/nvidia/cudnn.h"
#include "ops/cuda/nvidia/nvidia_memory.h"
#include "tests/support/random_tensor.h"
#include "tests/support/split_weight.h"

namespace zanime::ops::cuda {
namespace {

using zanime::testing::random_tensor;
using zanime::testing::split_weight;

// A block of the diffusion model at 1024 x 1024.
constexpr int64_t kTokens = 4128, kWidth = 3840, kHidden = 10240;

weights::Weight f8_weight(int64_t rows, int64_t columns, uint32_t seed) {
  const Tensor values = random_tensor({rows, columns}, seed);
  auto bytes = std::make_shared<std::vector<uint8_t>>();
  for (float value : values.values()) bytes->push_back(f32_to_f8e4m3(value * 0.05f));
  weights::WeightPart part;
  part.data = reinterpret_cast<const std::byte*>(bytes->data());
  part.dtype = DType::kF8E4M3;
  part.rows = rows;
  return {"f8", {rows, columns}, {part}, bytes};
}

double mean_error(const Tensor& a, const Tensor& b) {
  double difference = 0, magnitude = 0;
  for (int64_t i = 0; i < a.size(); ++i) {
    difference += std::fabs(a.data()[i] - b.data()[i]);
    magnitude += std::fabs(b.data()[i]);
  }
  return difference / magnitude;
}

// Milliseconds of one call, of many behind one another.
template <typename Call, typename Wait>
double milliseconds(const Call& call, const Wait& wait, int calls = 20) {
  for (int i = 0; i < 3; ++i) call();
  wait();
  const auto begin = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) call();
  wait();
  const std::chrono::duration<double, std::milli> taken = std::chrono::steady_clock::now() - begin;
  return taken.count() / calls;
}

TEST(CudaCard, EveryModeIsNearFloat32AtTheNetworksSizes) {
  const Tensor x = random_tensor({kTokens, kWidth}, 1);
  const weights::Weight weight = f8_weight(kHidden, kWidth, 2);
  Tensor expected;
  for (auto [compute, limit] : std::vector<std::pair<Compute, double>>{{Compute::kFloat32, 0.0},
                                                                       {Compute::kBFloat16, 0.006},
                                                                       {Compute::kFloat8, 0.06},
                                                                       {Compute::kInt8, 0.03}}) {
    const auto backend = make_cuda_backend(0, compute, 0);
    const Activation in = backend->upload(x);
    const Linear layer{weight, {}};
    const Tensor out = backend->download(backend->linear(in, layer));
    if (expected.empty()) expected = out;
    EXPECT_LE(mean_error(out, expected), limit) << backend->description();
    const Tensor one({1});
    const double taken = milliseconds([&] { backend->linear(in, layer); },
                                      [&] { backend->download(backend->upload(one)); });
    std::printf("%s: %lld x %lld x %lld in %.3f ms, %.0f TFLOP/s; mean error %.5f\n",
                backend->description().c_str(), static_cast<long long>(kTokens),
                static_cast<long long>(kHidden), static_cast<long long>(kWidth), taken,
                2e-9 * kTokens * kHidden * kWidth / taken, mean_error(out, expected));
  }
}

TEST(CudaCard, AttentionOfTheLibraryIsNearThatOfProducts) {
  for (bool causal : {false, true}) {
    const AttentionLayout layout{1, 1056, 30, 30, 128};
    const Tensor qkv = random_tensor({layout.tokens, layout.row_size()}, 1);
    Tensor results[2];
    for (int i = 0; i < 2; ++i) {
      const auto backend = make_cuda_backend(0, i == 0 ? Compute::kFloat32 : Compute::kBFloat16, 0);
      results[i] = backend->download(backend->attention(backend->upload(qkv), layout, causal));
    }
    EXPECT_LT(mean_error(results[1], results[0]), 0.01) << causal;
  }
}

TEST(CudaCard, BareLibraries) {
  const std::shared_ptr<Memory> memory = open_memory(0);
  const auto cublas = open_cublas_lt(memory);
  const auto cudnn = open_cudnn(memory);
  const auto wait = [&] {
    float value = 0;
    const auto one = memory->allocate(4);
    memory->download(&value, one.get(), 4);
  };
  const auto a = memory->allocate(2 * kTokens * kHidden),
             b = memory->allocate(2 * kHidden * kWidth);
  const auto d = memory->allocate(2 * kTokens * kHidden * 2);
  for (auto [n, k] : std::vector<std::pair<int64_t, int64_t>>{
           {3 * kWidth, kWidth}, {kWidth, kWidth}, {kHidden, kWidth}, {kWidth, kHidden}}) {
    const Product product{.m = kTokens,
                          .n = n,
                          .k = k,
                          .factors = DType::kBF16,
                          .result = DType::kBF16,
                          .a_stride = k,
                          .b_stride = k,
                          .d_stride = n};
    const double taken = milliseconds(
        [&] {
          cublas->multiply(product, a.get(), b.get(), d.get(), nullptr, nullptr, F8Scales::kNone);
        },
        wait);
    std::printf("bf16 product %lld x %lld x %lld: %.3f ms, %.0f TFLOP/s\n",
                static_cast<long long>(kTokens), static_cast<long long>(n),
                static_cast<long long>(k), taken, 2e-9 * kTokens * n * k / taken);
  }
  const Attention attention{1, kTokens, 30, 30, 128, false};
  ASSERT_TRUE(cudnn->attend(attention, d.get(), a.get()));
  std::printf("attention of %lld tokens: %.3f ms\n", static_cast<long long>(kTokens),
              milliseconds([&] { cudnn->attend(attention, d.get(), a.get()); }, wait));
}

TEST(CudaCard, MemoryStaysFlatAndWeightsAreStreamed) {
  const auto memory = open_memory(0);
  const auto backend = make_cuda_backend(0, Compute::kBFloat16, int64_t{1} << 30);
  const Activation x = backend->upload(random_tensor({kTokens, kWidth}, 1));
  std::vector<weights::Weight> weights;
  std::vector<const weights::Weight*> coming;
  for (uint32_t i = 0; i < 8; ++i) weights.push_back(f8_weight(kWidth, kWidth, i));
  for (const weights::Weight& weight : weights) coming.push_back(&weight);
  const auto pass = [&] {
    for (size_t i = 0; i < weights.size(); ++i) {
      backend->expect(std::span(coming).subspan(i, std::min<size_t>(2, weights.size() - i)));
      backend->linear(x, {weights[i], {}});
    }
  };
  const Tensor one({1});
  const auto wait = [&] { backend->download(backend->upload(one)); };
  pass();
  wait();
  const int64_t before = memory->free_bytes();
  std::printf("a pass over 8 streamed weights of %.0f MB: %.2f ms\n", kWidth * kWidth * 1e-6,
              milliseconds(pass, wait, 50));
  EXPECT_GE(memory->free_bytes(), before - (int64_t{64} << 20));
}

}  // namespace
}  // namespace zanime::ops::cuda
#endif
