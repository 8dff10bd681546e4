// Options that may stand before or after any command.
#pragma once

namespace zanime::cli {

struct GlobalOptions {
  int threads = 0;  // 0: as many as CPUs
  bool quiet = false;
  bool verbose = false;
  bool json = false;
};

}  // namespace zanime::cli
