// Warnings and notes to the person at the terminal. Results never go through here.
#pragma once

#include <functional>
#include <string>

namespace zanime {

enum class LogLevel { kWarning, kInfo, kDebug };

// Receives every message; the default prints `warning: …` and notes to stderr. A frontend sets
// its own sink at start-up (to keep a progress bar whole, or to collect warnings for a page).
using LogSink = std::function<void(LogLevel, const std::string&)>;
void set_log_sink(LogSink sink);

void log_warning(const std::string& message);
void log_info(const std::string& message);
void log_debug(const std::string& message);

}  // namespace zanime
