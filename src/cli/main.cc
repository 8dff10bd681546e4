#include <iostream>
#include <system_error>

#include "base/cancel.h"
#include "base/error.h"
#include "cli/app.h"
#include "cli/interrupt.h"
#include "cli/waiting_threads.h"

int main(int argc, char** argv) {
  zanime::cli::let_waiting_threads_sleep(argv);
  static zanime::CancelToken cancel;
  zanime::cli::open_standard_streams();
  try {
    zanime::cli::stop_on_signals(cancel);
  } catch (const std::system_error& error) {
    std::cerr << "error: the system does not let this process have a thread: " << error.what()
              << "; raise the limits (ulimit -u, ulimit -v)\n";
    return static_cast<int>(zanime::ErrorKind::kResource);
  }
  return zanime::cli::run_program(argc, argv, cancel);
}
