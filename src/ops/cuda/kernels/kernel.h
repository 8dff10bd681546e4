// What a kernel is written in: the same source runs on a card, compiled by nvcc, and on the host,
// compiled by any C++ compiler, where its threads are fibers (host_block.h). Only tests run kernels
// on the host.
//
// A kernel is a function marked ZANIME_KERNEL over blocks in one or two dimensions, of threads in
// one. It asks for its place by the functions below. Threads come in whole warps; a barrier or a
// shuffle is reached by all threads of the block or of the warp.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef __CUDACC__
#include <string>

#include <cuda_runtime.h>

#include "base/error.h"
#else
#include "ops/cuda/kernels/host_block.h"
#endif

#ifdef __CUDACC__
#define ZANIME_KERNEL __global__
#define ZANIME_DEVICE __device__ inline
#else
#define ZANIME_KERNEL inline
#define ZANIME_DEVICE inline
#endif

namespace zanime::ops::cuda {

// A cudaStream_t, named here so that files which the host compiler reads need no toolkit.
using Stream = void*;

constexpr int kWarp = 32;

// How a kernel is spread. Counts are at least 1; threads is a multiple of kWarp.
struct Grid {
  int64_t blocks = 1;
  int64_t blocks_y = 1;
  int threads = kWarp;
  size_t shared_bytes = 0;
};

// Blocks of `per_block` that cover `count`.
constexpr int64_t blocks_for(int64_t count, int64_t per_block) {
  return (count + per_block - 1) / per_block;
}

#ifdef __CUDACC__

ZANIME_DEVICE int thread_index() { return static_cast<int>(threadIdx.x); }
ZANIME_DEVICE int block_size() { return static_cast<int>(blockDim.x); }
ZANIME_DEVICE int64_t block_index() { return blockIdx.x; }
ZANIME_DEVICE int64_t block_index_y() { return blockIdx.y; }
ZANIME_DEVICE int64_t grid_size() { return gridDim.x; }
ZANIME_DEVICE void barrier() { __syncthreads(); }
// The value of the lane whose number differs in the bits of `mask`.
ZANIME_DEVICE float shuffle_xor(float value, int mask) {
  return __shfl_xor_sync(0xffffffffu, value, mask);
}
// The block's shared memory, Grid::shared_bytes of it, aligned to 16 bytes.
ZANIME_DEVICE float* shared_floats() {
  extern __shared__ float4 zanime_shared_memory[];
  return reinterpret_cast<float*>(zanime_shared_memory);
}

template <typename... Parameters, typename... Arguments>
void launch(Stream stream, const Grid& grid, void (*kernel)(Parameters...),
            const Arguments&... arguments) {
  const dim3 blocks(static_cast<unsigned>(grid.blocks), static_cast<unsigned>(grid.blocks_y));
  kernel<<<blocks, static_cast<unsigned>(grid.threads), grid.shared_bytes,
           static_cast<cudaStream_t>(stream)>>>(arguments...);
  if (const cudaError_t status = cudaGetLastError(); status != cudaSuccess) {
    throw Error(ErrorKind::kInternal,
                std::string("a kernel did not start on the card: ") + cudaGetErrorString(status));
  }
}

#else

inline int thread_index() { return host::position().thread; }
inline int block_size() { return host::position().threads; }
inline int64_t block_index() { return host::position().block; }
inline int64_t block_index_y() { return host::position().block_y; }
inline int64_t grid_size() { return host::position().blocks; }
inline void barrier() { host::barrier(); }
inline float shuffle_xor(float value, int mask) { return host::shuffle_xor(value, mask); }
inline float* shared_floats() { return host::shared_floats(); }

template <typename... Parameters, typename... Arguments>
void launch(Stream, const Grid& grid, void (*kernel)(Parameters...),
            const Arguments&... arguments) {
  host::run_grid({grid.blocks, grid.blocks_y, grid.threads, grid.shared_bytes},
                 [&] { kernel(arguments...); });
}

#endif

// Floats at the start of the shared memory that the sums below take: one a warp.
constexpr int kReductionFloats = 32;

ZANIME_DEVICE float warp_sum(float value) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2) value += shuffle_xor(value, mask);
  return value;
}

ZANIME_DEVICE float warp_max(float value) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2) {
    const float other = shuffle_xor(value, mask);
    // Written so that NaN wins.
    value = value > other || value != value ? value : other;
  }
  return value;
}

// The sum of every thread's value, the same in all threads, in an order that never changes.
ZANIME_DEVICE float block_sum(float value) {
  float* partial = shared_floats();
  value = warp_sum(value);
  if (thread_index() % kWarp == 0) partial[thread_index() / kWarp] = value;
  barrier();
  float sum = 0.0f;
  for (int warp = 0; warp < block_size() / kWarp; ++warp) sum += partial[warp];
  barrier();
  return sum;
}

// The largest value of all threads, or NaN where one is.
ZANIME_DEVICE float block_max(float value) {
  float* partial = shared_floats();
  value = warp_max(value);
  if (thread_index() % kWarp == 0) partial[thread_index() / kWarp] = value;
  barrier();
  float most = partial[0];
  for (int warp = 1; warp < block_size() / kWarp; ++warp) {
    const float other = partial[warp];
    most = most > other || most != most ? most : other;
  }
  barrier();
  return most;
}

}  // namespace zanime::ops::cuda
