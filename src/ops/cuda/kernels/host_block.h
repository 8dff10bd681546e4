// A card's blocks of threads on the host, for tests of kernels: every thread of a block is a fiber,
// blocks run one after the other.
//
// Stricter than a card: shared memory starts as NaN, and a barrier or a shuffle that some threads
// of the block or of the warp do not reach throws std::logic_error.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

namespace zanime::ops::cuda::host {

struct GridSize {
  int64_t blocks;
  int64_t blocks_y;
  int threads;  // a multiple of 32, at most 1024
  size_t shared_bytes;
};

// Of the running thread.
struct Position {
  int thread;
  int threads;
  int64_t block;
  int64_t block_y;
  int64_t blocks;
};

const Position& position();
void barrier();
float shuffle_xor(float value, int mask);
float* shared_floats();

// Calls `body` once for every thread of every block.
void run_grid(const GridSize& size, const std::function<void()>& body);

}  // namespace zanime::ops::cuda::host
