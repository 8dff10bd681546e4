#include "cli/waiting_threads.h"

#include <cstdlib>

#include <unistd.h>

namespace zanime::cli {

void let_waiting_threads_sleep(char** argv) {
  for (const char* variable : {"OMP_WAIT_POLICY", "GOMP_SPINCOUNT"}) {
    if (std::getenv(variable) != nullptr) return;
  }
  if (setenv("OMP_WAIT_POLICY", "passive", 1) != 0) return;
  execv("/proc/self/exe", argv);
}

}  // namespace zanime::cli
