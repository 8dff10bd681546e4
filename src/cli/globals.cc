#include "cli/globals.h"

#include "engine/engine.h"

namespace zanime::cli {

engine::EngineOptions engine_options_for(const GlobalOptions& globals) {
  engine::EngineOptions options = engine::EngineOptions::from_environment();
  options.backend = globals.backend;
  return options;
}

}  // namespace zanime::cli
