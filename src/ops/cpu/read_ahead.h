// Brings weights into memory before they are multiplied: a cold disk then streams at its own speed
// while the processor works, instead of waiting for one small read after another.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <initializer_list>
#include <mutex>
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

  // Asks for weights in the order in which they will be needed and returns at once. They must stay
  // alive as long as this does. Small ones are left to come when touched; what is in memory already
  // costs next to nothing.
  void want(std::initializer_list<const weights::Weight*> weights);

 private:
  struct Range {
    const std::byte* begin;
    size_t bytes;
  };
  void read(std::stop_token stop);

  std::mutex mutex_;
  std::condition_variable_any wanted_;
  std::deque<Range> ranges_;  // guarded by mutex_
  std::jthread reader_;       // started when there is something to read
};

}  // namespace zanime::ops::cpu
