// A request as JSON: what frontends in other languages and over the network send.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/generation_params.h"

namespace zanime::engine {

// The members of GenerationParams by name; what is not named keeps its default, and null stands for
// "absent" where that has a meaning. `loras` is a list of {"name", "strength"}, of [name, strength]
// or of names. Throws Error(kUsage) with a sentence per member that does not exist or has a value
// of the wrong type; the values themselves are checked by validate().
GenerationParams params_from_json(const nlohmann::ordered_json& object);

// All members; absent ones are null.
nlohmann::ordered_json to_json(const GenerationParams& params);

}  // namespace zanime::engine
