#include "cli/interrupt.h"

#include <csignal>
#include <thread>

namespace zanime::cli {

void stop_on_signals(CancelToken& token) {
  // A thread waits for the signals, and all others block them. A handler would run on the stack of
  // whatever thread is computing, below its stack pointer, and kernels that oneDNN generates keep
  // values there: they came back from a handler with some of them overwritten.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);  // threads made from here on inherit it
  std::thread([signals, &token] {
    int signal = 0;
    sigwait(&signals, &signal);
    token.cancel();
    sigwait(&signals, &signal);
    std::signal(signal, SIG_DFL);  // the second one ends the program at once
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    std::raise(signal);
  }).detach();
}

}  // namespace zanime::cli
