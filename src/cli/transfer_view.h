// How a download looks while it runs: a bar on a terminal, a line now and then elsewhere.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include "cli/globals.h"
#include "cli/progress_view.h"

namespace zanime::cli {

// Bytes a second over the last few seconds.
class RateMeter {
 public:
  // `seconds` on any clock that does not go back; `bytes` counts up.
  void add(double seconds, int64_t bytes);
  // 0 while too little is known.
  double bytes_per_second() const;

 private:
  std::deque<std::pair<double, int64_t>> samples_;
};

// "2/3 name ▕██▏ 1.20/6.15 GB  52.1 MB/s  1:35 left", at most `width` columns; parts are left out
// where there is no room. `rate` 0: not known yet.
std::string transfer_line(const std::string& name, int64_t bytes, int64_t total, double rate,
                          int width, bool utf8);

// Writes to stderr.
class TransferView {
 public:
  explicit TransferView(const GlobalOptions& globals);
  TransferView(const TransferView&) = delete;
  TransferView& operator=(const TransferView&) = delete;
  // Takes the bar away.
  ~TransferView();

  // `name` has `bytes` of `total`. Another name than before is another transfer.
  void show(const std::string& name, int64_t bytes, int64_t total);
  void clear();

 private:
  ProgressStyle style_;
  bool utf8_;
  bool drawn_ = false;
  std::string name_;
  RateMeter rate_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  double next_seconds_ = 0;  // when to show again
};

}  // namespace zanime::cli
