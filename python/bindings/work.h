// Long work that Python waits for.
#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <set>

#include <nanobind/nanobind.h>

#include "base/cancel.h"

namespace zanime::python {

// Python's CancelToken: stops every run that was given it, now and later.
class Canceller {
 public:
  void cancel();
  bool cancelled() const { return cancelled_.load(); }

  // The token of one run, which ends with it.
  class Attached {
   public:
    explicit Attached(Canceller* canceller);
    Attached(const Attached&) = delete;
    Attached& operator=(const Attached&) = delete;
    ~Attached();

    CancelToken& token() { return token_; }

   private:
    Canceller* canceller_;  // may be null
    CancelToken token_;
  };

 private:
  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;
  std::set<CancelToken*> runs_;
};

// What the work of wait_for() is given.
struct WorkContext {
  const CancelToken& cancel;
  // Calls into Python with the interpreter's lock. An exception there ends the work as if it had
  // been cancelled, and is raised in place of that.
  std::function<void(const std::function<void()>&)> python;
};

// Runs `work` on a thread of its own and waits for it without the interpreter's lock, which the
// caller holds. What it throws is thrown here. Ctrl-C ends it within a block of a network.
//
// A thread of its own, because
// - signal handlers must not run on the stack of a thread that computes (see cli/interrupt.cc), so
//   all signals are blocked there and in the threads it starts;
// - OpenMP keeps a pool of threads for each thread that uses it, and after a fork the pool of the
//   forking thread is gone: its next parallel region would wait for ever.
void wait_for(Canceller* canceller, const std::function<void(const WorkContext&)>& work);

}  // namespace zanime::python
