// Options that may stand before or after any command.
#pragma once

#include <cstdint>

#include "ops/ops.h"

namespace zanime::engine {
struct EngineOptions;
}

namespace zanime::cli {

struct GlobalOptions {
  int threads = 0;  // 0: default_thread_count()
  ops::Compute compute = ops::Compute::kAuto;
  int64_t memory = 0;  // bytes of converted weights to keep
  bool quiet = false;
  bool verbose = false;
  bool json = false;
};

// EngineOptions::from_environment() with what these options say.
engine::EngineOptions engine_options_for(const GlobalOptions& globals);

}  // namespace zanime::cli
