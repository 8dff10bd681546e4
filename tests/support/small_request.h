// A request that is quick and complete, for the models of synthetic_models_root().
#pragma once

#include <string>

#include "engine/generation_params.h"

namespace zanime::testing {

inline engine::GenerationParams small_request(const std::string& prompt) {
  engine::GenerationParams params;
  params.prompt = prompt;
  params.width = 64;
  params.height = 72;
  params.steps = 2;
  params.seed = 5;
  params.model = "tiny-dit-fp8.safetensors";
  return params;
}

}  // namespace zanime::testing
