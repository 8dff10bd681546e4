// What the system does to a program: signals, and streams that are closed.
#pragma once

#include "base/cancel.h"

namespace zanime::cli {

// Opens /dev/null where standard input, output or error is closed: the next file or connection
// would take its number, and messages would go there. To be called before anything is opened.
void open_standard_streams();

// SIGINT (Ctrl-C), SIGTERM, and SIGHUP unless it is ignored. The first signal asks the running work
// to stop through `token`, the second ends the program at once. `token` must live as long as the
// program. A file that grows beyond the allowed size (SIGXFSZ) becomes an error of writing. Throws
// std::system_error where no thread can be started.
void stop_on_signals(CancelToken& token);

}  // namespace zanime::cli
