// How much memory this process holds.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>

namespace zanime {

struct MemoryUse {
  int64_t anonymous = 0;  // bytes of its own: what cannot be dropped and read again from a file
  int64_t total = 0;      // with the pages of mapped files
};

// As the kernel tells it now; zeros where it does not (no /proc).
MemoryUse memory_use();

// The largest values seen while it lives, looked at from a thread of its own every 10 ms.
class MemoryWatch {
 public:
  MemoryWatch();
  ~MemoryWatch();
  MemoryWatch(const MemoryWatch&) = delete;
  MemoryWatch& operator=(const MemoryWatch&) = delete;

  MemoryUse peak() const { return {anonymous_.load(), total_.load()}; }

 private:
  void look();

  std::atomic<int64_t> anonymous_{0}, total_{0};
  std::jthread thread_;  // last: it uses the others
};

}  // namespace zanime
