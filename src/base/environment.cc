#include "base/environment.h"

#include <cstdlib>

namespace zanime {

std::string environment_variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_switched_on(const char* variable) {
  const std::string text = environment_variable(variable);
  return !text.empty() && text != "0" && text != "false" && text != "no";
}

}  // namespace zanime
