// Trying again after failures that pass: how often, and how long to wait in between.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/cancel.h"
#include "base/error.h"

namespace zanime::fetch {

struct RetryPolicy {
  int attempts = 6;  // in a row without progress
  double first_delay_seconds = 1;
  double longest_delay_seconds = 60;
  // A server may ask to wait; beyond this the work fails at once and says so.
  double longest_wait_asked_seconds = 300;
  // Waits; empty: really sleeps, ending early on cancel().
  std::function<void(double seconds, const CancelToken& cancel)> sleep = {};
};

// One piece of work's failures.
class Retry {
 public:
  // Both must outlive it.
  Retry(const RetryPolicy& policy, const CancelToken& cancel) : policy_(policy), cancel_(cancel) {}

  // Waits before the next attempt: twice as long each time, and at least as long as the server
  // asked for. Throws `error` with `advice` when there is to be none, Error(kCancelled) when
  // stopped meanwhile. `note` is told what happens.
  void wait_or_throw(const Error& error, std::optional<double> asked_seconds,
                     const std::string& advice,
                     const std::function<void(const std::string&)>& note);
  // Something was achieved: counting starts anew.
  void succeeded() { failures_ = 0; }

 private:
  const RetryPolicy& policy_;
  const CancelToken& cancel_;
  int failures_ = 0;
};

}  // namespace zanime::fetch
