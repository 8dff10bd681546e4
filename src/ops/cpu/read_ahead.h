// Brings weights into memory before they are multiplied: a cold disk then streams at its own speed
// while the processor works, instead of waiting for one small read after another.
#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <span>
#include <thread>

#include "weights/weight.h"

namespace zanime::ops::cpu {

class ReadAhead {
 public:
  ReadAhead() = default;
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;
  // Gives up what it has not begun to read.
  ~ReadAhead();

  // Asks for weights in the order in which they will be needed and returns at once. Their files
  // stay open until they are read. Small ones are left to come when touched; what is in memory
  // already costs next to nothing.
  void want(std::span<const weights::Weight* const> weights);

 private:
  struct Range {
    const std::byte* begin;
    size_t bytes;
    std::shared_ptr<const void> file;  // keeps the mapping
  };
  void read(const std::stop_token& stop);

  std::mutex mutex_;
  std::deque<Range> ranges_;  // guarded by mutex_
  bool is_reading_ = false;   // the same
  // Lives while there is something to read: a process that forks meanwhile is rare, and a thread
  // that ended can be joined in a child, too.
  std::jthread reader_;
};

}  // namespace zanime::ops::cpu
