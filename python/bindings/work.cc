#include "work.h"

#include <chrono>
#include <csignal>
#include <exception>
#include <future>
#include <optional>
#include <thread>

namespace nb = nanobind;

namespace zanime::python {
namespace {

// How soon Ctrl-C is noticed.
constexpr std::chrono::milliseconds kSignalInterval{50};

// Blocks all signals on this thread while it lives; threads made meanwhile inherit that.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;
  ~BlockedSignals() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

void Canceller::cancel() {
  const std::lock_guard lock(mutex_);
  cancelled_ = true;
  for (CancelToken* run : runs_) run->cancel();
}

Canceller::Attached::Attached(Canceller* canceller) : canceller_(canceller) {
  if (canceller_ == nullptr) return;
  const std::lock_guard lock(canceller_->mutex_);
  if (canceller_->cancelled_) token_.cancel();
  canceller_->runs_.insert(&token_);
}

Canceller::Attached::~Attached() {
  if (canceller_ == nullptr) return;
  const std::lock_guard lock(canceller_->mutex_);
  canceller_->runs_.erase(&token_);
}

void wait_for(Canceller* canceller, const std::function<void(const WorkContext&)>& work) {
  Canceller::Attached run(canceller);
  std::optional<nb::python_error> raised;  // by Python code that the work called, or by Ctrl-C
  const auto stop_with = [&](nb::python_error&& error) {
    if (!raised) raised.emplace(std::move(error));
    run.token().cancel();
  };
  const WorkContext context{run.token(), [&](const std::function<void()>& call) {
                              const nb::gil_scoped_acquire locked;
                              if (raised) return;  // nothing more is to be heard from it
                              try {
                                call();
                              } catch (nb::python_error& error) {
                                stop_with(std::move(error));
                              }
                            }};

  std::exception_ptr failure;
  {
    const nb::gil_scoped_release unlocked;
    std::promise<void> promise;
    std::future<void> done = promise.get_future();
    std::thread thread;
    {
      const BlockedSignals blocked;
      thread = std::thread([&] {
        try {
          work(context);
        } catch (...) {
          failure = std::current_exception();
        }
        promise.set_value();
      });
    }
    while (done.wait_for(kSignalInterval) != std::future_status::ready) {
      const nb::gil_scoped_acquire locked;
      // Does something on the interpreter's main thread only.
      if (PyErr_CheckSignals() != 0) stop_with(nb::python_error());
    }
    thread.join();
  }
  if (raised) throw std::move(*raised);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace zanime::python
