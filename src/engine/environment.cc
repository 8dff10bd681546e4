#include "engine/environment.h"

#include <cstdlib>
#include <string_view>

namespace zanime {

bool is_switched_on(const char* variable) {
  const char* value = std::getenv(variable);
  if (value == nullptr) return false;
  const std::string_view text = value;
  return !text.empty() && text != "0" && text != "false" && text != "no";
}

}  // namespace zanime
