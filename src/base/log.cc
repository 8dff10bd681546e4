#include "base/log.h"

#include <cstdio>
#include <mutex>
#include <utility>

namespace zanime {
namespace {

struct Logger {
  std::mutex mutex;
  LogSink sink = [](LogLevel level, const std::string& message) {
    if (level == LogLevel::kDebug) return;
    std::fprintf(stderr, "%s%s\n", level == LogLevel::kWarning ? "warning: " : "", message.c_str());
  };
};

Logger& logger() {
  static Logger instance;
  return instance;
}

void send(LogLevel level, const std::string& message) {
  std::lock_guard lock(logger().mutex);
  logger().sink(level, message);
}

}  // namespace

void set_log_sink(LogSink sink) {
  std::lock_guard lock(logger().mutex);
  logger().sink = std::move(sink);
}

void log_warning(const std::string& message) { send(LogLevel::kWarning, message); }
void log_info(const std::string& message) { send(LogLevel::kInfo, message); }
void log_debug(const std::string& message) { send(LogLevel::kDebug, message); }

}  // namespace zanime
