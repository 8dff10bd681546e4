#pragma once

namespace zanime {

// Is this environment variable set to something other than nothing, 0, false and no?
bool is_switched_on(const char* variable);

}  // namespace zanime
