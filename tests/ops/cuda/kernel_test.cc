// The header that kernels are written in: its fibers keep to the rules of a card, strictly.
#ifndef ZANIME_CUDA
#include "ops/cuda/kernels/kernel.h"

#include <cmath>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

namespace zanime::ops::cuda {
namespace {

void reverse_kernel(const float* in, float* out) {
  float* shared = shared_floats();
  shared[thread_index()] = in[block_index() * block_size() + thread_index()];
  barrier();
  out[block_index() * block_size() + thread_index()] = shared[block_size() - 1 - thread_index()];
}

TEST(CudaKernel, BarriersOrderSharedMemory) {
  constexpr int kThreads = 96, kBlocks = 3;
  std::vector<float> in(kThreads * kBlocks), out(in.size());
  for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(i);
  launch(nullptr, {.blocks = kBlocks, .threads = kThreads, .shared_bytes = kThreads * 4},
         reverse_kernel, static_cast<const float*>(in.data()), out.data());
  for (int block = 0; block < kBlocks; ++block) {
    for (int i = 0; i < kThreads; ++i) {
      EXPECT_EQ(out[block * kThreads + i], in[block * kThreads + kThreads - 1 - i]);
    }
  }
}

void sums_kernel(float* sums, float* most) {
  const auto value = static_cast<float>(thread_index() + 1);
  sums[thread_index()] = block_sum(value);
  most[thread_index()] = block_max(thread_index() == 40 ? 1000.0f : value);
}

TEST(CudaKernel, EveryThreadGetsTheSumAndTheMaximumOfTheBlock) {
  constexpr int kThreads = 160;
  std::vector<float> sums(kThreads), most(kThreads);
  launch(nullptr, {.threads = kThreads, .shared_bytes = kReductionFloats * 4}, sums_kernel,
         sums.data(), most.data());
  for (int i = 0; i < kThreads; ++i) {
    EXPECT_EQ(sums[i], kThreads * (kThreads + 1) / 2);
    EXPECT_EQ(most[i], 1000.0f);
  }
}

void nan_kernel(float* most) {
  const float value = block_max(thread_index() == 37 ? NAN : 1.0f);
  if (thread_index() == 0) *most = value;
}

TEST(CudaKernel, AMaximumKeepsNaN) {
  float most = 0;
  launch(nullptr, {.threads = 64, .shared_bytes = kReductionFloats * 4}, nan_kernel, &most);
  EXPECT_TRUE(std::isnan(most));
}

void half_barrier_kernel(int unused) {
  if (thread_index() < 32 + unused) barrier();
}

TEST(CudaKernel, ABarrierThatSomeThreadsMissIsAnError) {
  EXPECT_THROW(launch(nullptr, {.threads = 64}, half_barrier_kernel, 0), std::logic_error);
}

void unwritten_kernel(float* out) { *out = shared_floats()[thread_index()]; }

TEST(CudaKernel, SharedMemoryStartsAsNaN) {
  float out = 0;
  launch(nullptr, {.threads = 32, .shared_bytes = 128}, unwritten_kernel, &out);
  EXPECT_TRUE(std::isnan(out));
}

}  // namespace
}  // namespace zanime::ops::cuda
#endif
