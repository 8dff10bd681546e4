// Options that may stand before or after any command.
#pragma once

#include <string>
#include <vector>

#include "ops/ops.h"

namespace zanime::engine {
struct EngineOptions;
}

namespace zanime::cli {

struct GlobalOptions {
  ops::BackendOptions backend = {};
  std::vector<std::string> extra_model_paths = {};  // files; empty: the one beside the models root
  bool quiet = false;
  bool verbose = false;
  bool json = false;
};

// EngineOptions::from_environment() with what these options say.
engine::EngineOptions engine_options_for(const GlobalOptions& globals);

}  // namespace zanime::cli
