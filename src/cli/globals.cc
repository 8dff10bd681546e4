#include "cli/globals.h"

#include "engine/engine.h"

namespace zanime::cli {

EngineOptions engine_options_for(const GlobalOptions& globals) {
  EngineOptions options = EngineOptions::from_environment();
  options.compute = globals.compute;
  options.kept_weights = globals.memory;
  return options;
}

}  // namespace zanime::cli
