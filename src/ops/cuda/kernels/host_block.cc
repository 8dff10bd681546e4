#include "ops/cuda/kernels/host_block.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include <ucontext.h>

namespace zanime::ops::cuda::host {
namespace {

constexpr int kLanes = 32;
constexpr int kMostThreads = 1024;
constexpr size_t kStackBytes = 64 * 1024;

enum class State { kReady, kAtBarrier, kAtShuffle, kDone };

struct Fiber {
  ucontext_t context;
  std::unique_ptr<std::byte[]> stack;
  State state = State::kReady;
  Position position{};
  int shuffles = 0;  // so far: they take the two rows of lanes in turn
};

class Block {
 public:
  void run(const GridSize& size, int64_t block, int64_t block_y,
           const std::function<void()>& body) {
    body_ = &body;
    threads_ = size.threads;
    shared_.assign(size.shared_bytes / sizeof(float) + 4, NAN);
    lanes_.assign(static_cast<size_t>(2 * threads_), NAN);
    while (static_cast<int>(fibers_.size()) < threads_)
      fibers_.push_back(std::make_unique<Fiber>());
    for (int thread = 0; thread < threads_; ++thread) {
      Fiber& fiber = *fibers_[thread];
      if (fiber.stack == nullptr) fiber.stack = std::make_unique<std::byte[]>(kStackBytes);
      fiber.state = State::kReady;
      fiber.position = {thread, threads_, block, block_y, size.blocks};
      fiber.shuffles = 0;
      getcontext(&fiber.context);
      fiber.context.uc_stack.ss_sp = fiber.stack.get();
      fiber.context.uc_stack.ss_size = kStackBytes;
      fiber.context.uc_link = &scheduler_;
      makecontext(&fiber.context, &Block::enter, 0);
    }
    while (run_ready_fibers()) release_waiting();
    for (int thread = 0; thread < threads_; ++thread) {
      if (fibers_[thread]->state != State::kDone) {
        throw std::logic_error("thread " + std::to_string(thread) + " of block " +
                               std::to_string(block) + " waits where other threads never come to");
      }
    }
  }

  Fiber& running() { return *running_; }

  void wait(State state) {
    Fiber& fiber = *running_;
    fiber.state = state;
    swapcontext(&fiber.context, &scheduler_);
  }

  float exchange(float value, int mask) {
    Fiber& fiber = *running_;
    float* row = lanes_.data() + fiber.shuffles++ % 2 * threads_;
    row[fiber.position.thread] = value;
    wait(State::kAtShuffle);
    return row[fiber.position.thread ^ mask];
  }

  // Aligned as a card's is.
  float* shared() {
    void* start = shared_.data();
    size_t space = shared_.size() * sizeof(float);
    return static_cast<float*>(std::align(16, 0, start, space));
  }

  static Block& current() {
    thread_local Block block;
    return block;
  }

 private:
  static void enter() {
    Block& block = current();
    (*block.body_)();
    block.running_->state = State::kDone;
  }

  bool run_ready_fibers() {
    bool any = false;
    for (int thread = 0; thread < threads_; ++thread) {
      if (fibers_[thread]->state != State::kReady) continue;
      any = true;
      running_ = fibers_[thread].get();
      swapcontext(&scheduler_, &running_->context);
    }
    return any;
  }

  // Lets the fibers [first, first + count) go on where all of them wait in `state`.
  void release(int first, int count, State state) {
    for (int i = first; i < first + count; ++i) {
      if (fibers_[i]->state != state) return;
    }
    for (int i = first; i < first + count; ++i) fibers_[i]->state = State::kReady;
  }

  void release_waiting() {
    for (int first = 0; first < threads_; first += kLanes) {
      release(first, kLanes, State::kAtShuffle);
    }
    release(0, threads_, State::kAtBarrier);
  }

  const std::function<void()>* body_ = nullptr;
  int threads_ = 0;
  Fiber* running_ = nullptr;
  ucontext_t scheduler_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<float> shared_, lanes_;
};

}  // namespace

const Position& position() { return Block::current().running().position; }
void barrier() { Block::current().wait(State::kAtBarrier); }
float shuffle_xor(float value, int mask) { return Block::current().exchange(value, mask); }
float* shared_floats() { return Block::current().shared(); }

void run_grid(const GridSize& size, const std::function<void()>& body) {
  if (size.blocks < 1 || size.blocks_y < 1 || size.blocks_y > 65535 || size.threads < kLanes ||
      size.threads > kMostThreads || size.threads % kLanes != 0 || size.shared_bytes > 48 * 1024) {
    throw std::logic_error("a grid of " + std::to_string(size.blocks) + " x " +
                           std::to_string(size.blocks_y) + " blocks of " +
                           std::to_string(size.threads) + " threads with " +
                           std::to_string(size.shared_bytes) + " shared bytes");
  }
  for (int64_t y = 0; y < size.blocks_y; ++y) {
    for (int64_t x = 0; x < size.blocks; ++x) Block::current().run(size, x, y, body);
  }
}

}  // namespace zanime::ops::cuda::host
