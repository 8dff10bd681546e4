#include "cli/globals.h"

#include "engine/engine.h"

namespace zanime::cli {

engine::EngineOptions engine_options_for(const GlobalOptions& globals) {
  engine::EngineOptions options = engine::EngineOptions::from_environment();
  options.compute = globals.compute;
  options.kept_weights = globals.memory;
  return options;
}

}  // namespace zanime::cli
