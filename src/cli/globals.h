// Options that may stand before or after any command.
#pragma once

#include <cstdint>

#include "ops/ops.h"

namespace zanime::cli {

struct GlobalOptions {
  int threads = 0;  // 0: as many as CPUs
  ops::Compute compute = ops::Compute::kFloat32;
  int64_t memory = 0;  // bytes of converted weights to keep
  bool quiet = false;
  bool verbose = false;
  bool json = false;
};

}  // namespace zanime::cli
