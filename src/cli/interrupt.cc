#include "cli/interrupt.h"

#include <csignal>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

namespace zanime::cli {

namespace {

// By nohup, for one.
bool is_ignored(int signal) {
  struct sigaction action = {};
  return sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

}  // namespace

void open_standard_streams() {
  for (const int fd : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    // The lowest free number is this one: those before it are open.
    if (fcntl(fd, F_GETFD) < 0) open("/dev/null", O_RDWR);
  }
}

void stop_on_signals(CancelToken& token) {
  // A thread waits for the signals, and all others block them. A handler would run on the stack of
  // whatever thread is computing, below its stack pointer, and kernels that oneDNN generates keep
  // values there: they came back from a handler with some of them overwritten.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGINT);
  sigaddset(&signals, SIGTERM);
  if (!is_ignored(SIGHUP)) sigaddset(&signals, SIGHUP);
  // A file that grows beyond the allowed size is an error of writing, which is told.
  std::signal(SIGXFSZ, SIG_IGN);
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
