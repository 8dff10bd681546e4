#include "base/cancel.h"
#include "cli/app.h"
#include "cli/interrupt.h"

int main(int argc, char** argv) {
  static zanime::CancelToken cancel;
  zanime::cli::stop_on_signals(cancel);
  return zanime::cli::run_program(argc, argv, cancel);
}
