#include "cli/interrupt.h"

#include <atomic>
#include <csignal>

namespace zanime::cli {
namespace {

// A signal handler can reach nothing but statics.
std::atomic<CancelToken*> token_of_handler{nullptr};
static_assert(std::atomic<CancelToken*>::is_always_lock_free);

extern "C" void on_signal(int) {
  if (CancelToken* token = token_of_handler.load()) token->cancel();
}

}  // namespace

void stop_on_signals(CancelToken& token) {
  token_of_handler.store(&token);
  struct sigaction action {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  // After the first signal the default action is back.
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace zanime::cli
