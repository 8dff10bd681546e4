// How long-running work is told to stop.
#pragma once

#include <atomic>

#include "base/error.h"

namespace zanime {

// Set from a signal handler or another thread; looked at between the blocks of a network.
class CancelToken {
 public:
  void cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  // Throws Error(kCancelled) once cancel() was called.
  void throw_if_cancelled() const {
    if (cancelled()) throw Error(ErrorKind::kCancelled, "stopped by the user");
  }

 private:
  std::atomic<bool> cancelled_{false};
  static_assert(std::atomic<bool>::is_always_lock_free, "cancel() runs in signal handlers");
};

}  // namespace zanime
