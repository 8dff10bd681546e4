// Ctrl-C and SIGTERM.
#pragma once

#include "base/cancel.h"

namespace zanime::cli {

// The first signal asks the running work to stop through `token`, the second ends the program at
// once. `token` must live as long as the program.
void stop_on_signals(CancelToken& token);

}  // namespace zanime::cli
