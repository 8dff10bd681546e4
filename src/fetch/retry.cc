#include "fetch/retry.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <thread>

namespace zanime::fetch {
namespace {

using SteadyClock = std::chrono::steady_clock;

void sleep_for(double seconds, const CancelToken& cancel) {
  const auto end = SteadyClock::now() + std::chrono::duration_cast<SteadyClock::duration>(
                                            std::chrono::duration<double>(seconds));
  while (SteadyClock::now() < end) {
    cancel.throw_if_cancelled();
    std::this_thread::sleep_for(
        std::min<SteadyClock::duration>(end - SteadyClock::now(), std::chrono::milliseconds(100)));
  }
}

std::string seconds_text(double seconds) {
  return std::to_string(static_cast<long long>(std::ceil(seconds))) + " s";
}

}  // namespace

void Retry::wait_or_throw(const Error& error, std::optional<double> asked_seconds,
                          const std::string& advice,
                          const std::function<void(const std::string&)>& note) {
  ++failures_;
  const double asked = asked_seconds.value_or(0);
  if (asked > policy_.longest_wait_asked_seconds) {
    throw Error(error.kind(), std::string(error.what()) + "; the server asks to wait " +
                                  seconds_text(asked) + ": run the same command again after that");
  }
  if (failures_ >= policy_.attempts) {
    throw Error(error.kind(), std::string(error.what()) + " (tried " + std::to_string(failures_) +
                                  (failures_ == 1 ? " time)" : " times)") +
                                  (advice.empty() ? "" : "; ") + advice);
  }
  const double backoff = policy_.first_delay_seconds * std::pow(2.0, failures_ - 1);
  const double delay = std::max(std::min(backoff, policy_.longest_delay_seconds), asked);
  if (note) note(std::string(error.what()) + "; trying again in " + seconds_text(delay));
  if (policy_.sleep) {
    policy_.sleep(delay, cancel_);
  } else {
    sleep_for(delay, cancel_);
  }
  cancel_.throw_if_cancelled();
}

}  // namespace zanime::fetch
