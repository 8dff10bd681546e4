// Environment variables.
#pragma once

#include <string>

namespace zanime {

// Its value; empty where it is not set.
std::string environment_variable(const char* name);

// Is this environment variable set to something other than nothing, 0, false and no?
bool is_switched_on(const char* variable);

}  // namespace zanime
