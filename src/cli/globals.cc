#include "cli/globals.h"

#include "engine/engine.h"

namespace zanime::cli {

engine::EngineOptions engine_options_for(const GlobalOptions& globals) {
  engine::EngineOptions options = engine::EngineOptions::from_environment();
  options.backend = globals.backend;
  options.extra_model_paths.assign(globals.extra_model_paths.begin(),
                                   globals.extra_model_paths.end());
  return options;
}

}  // namespace zanime::cli
