#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>

#include <omp.h>

namespace zanime {

int thread_count() { return omp_get_max_threads(); }

void set_thread_count(int threads) { omp_set_num_threads(std::max(threads, 1)); }

void parallel_for(int64_t count, const std::function<void(int64_t)>& body) {
  // OpenMP, and not threads of our own, because the bought kernels (oneDNN) run on it too: they
  // see that they are inside a parallel region and stay on the calling thread.
  std::exception_ptr failure;
  std::atomic<bool> failed{false};
#pragma omp parallel for schedule(dynamic, 1) if (count > 1 && !omp_in_parallel())
  for (int64_t index = 0; index < count; ++index) {
    if (failed.load(std::memory_order_relaxed)) continue;
    try {
      body(index);
    } catch (...) {
      if (!failed.exchange(true)) failure = std::current_exception();
    }
  }
  if (failure) std::rethrow_exception(failure);
}

void parallel_for_ranges(int64_t count, int64_t grain,
                         const std::function<void(int64_t, int64_t)>& body) {
  const int64_t pieces = (count + grain - 1) / grain;
  parallel_for(pieces,
               [&](int64_t piece) { body(piece * grain, std::min(count, (piece + 1) * grain)); });
}

}  // namespace zanime
