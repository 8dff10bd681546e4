#include "base/memory_use.h"

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <mutex>
#include <string>

namespace zanime {

MemoryUse memory_use() {
  MemoryUse use;
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    const auto kilobytes = [&line](const char* name) -> int64_t {
      const std::string label = std::string(name) + ":";
      return line.starts_with(label) ? std::stoll(line.substr(label.size())) * 1024 : 0;
    };
    use.anonymous += kilobytes("RssAnon");
    use.total += kilobytes("VmRSS");
  }
  return use;
}

MemoryWatch::MemoryWatch()
    : thread_([this](const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        while (!stop.stop_requested()) {
          look();
          wake.wait_for(lock, stop, std::chrono::milliseconds(10), [] { return false; });
        }
      }) {}

MemoryWatch::~MemoryWatch() = default;

void MemoryWatch::look() {
  const MemoryUse use = memory_use();
  anonymous_ = std::max(anonymous_.load(), use.anonymous);
  total_ = std::max(total_.load(), use.total);
}

}  // namespace zanime
