#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <string>
#include <thread>
#include <vector>

#include <omp.h>

#include "base/error.h"

namespace zanime {

int thread_count() { return omp_get_max_threads(); }

void set_thread_count(int threads) { omp_set_num_threads(std::max(threads, 1)); }

void require_threads(int threads) {
  std::atomic<bool> done{false};
  std::vector<std::thread> started;
  bool failed = false;
  try {
    started.reserve(static_cast<size_t>(std::max(threads - 1, 0)));
    while (static_cast<int>(started.size()) < threads - 1) {
      started.emplace_back([&done] { done.wait(false); });
    }
  } catch (const std::exception&) {
    failed = true;
  }
  done = true;
  done.notify_all();
  for (std::thread& thread : started) thread.join();
  if (!failed) return;
  throw Error(ErrorKind::kResource,
              "the system does not let this process have " + std::to_string(threads) +
                  " threads, only " + std::to_string(started.size() + 1) +
                  "; ask for fewer (--threads N), or raise the limits (ulimit -u, ulimit -v)");
}

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
