#include "cli/transfer_view.h"

#include <algorithm>
#include <cmath>
#include <iostream>

#include "base/text/size_text.h"
#include "cli/terminal.h"

namespace zanime::cli {
namespace {

constexpr double kWindowSeconds = 5, kSampleSeconds = 0.1;
// Columns left free for the terminal's own "^C", which would break the line.
constexpr int kSpare = 3;
constexpr double kBarSeconds = 0.1, kLineSeconds = 10;

}  // namespace

void RateMeter::add(double seconds, int64_t bytes) {
  if (!samples_.empty() && seconds - samples_.back().first < kSampleSeconds) return;
  samples_.emplace_back(seconds, bytes);
  while (samples_.size() > 2 && seconds - samples_.front().first > kWindowSeconds) {
    samples_.pop_front();
  }
}

double RateMeter::bytes_per_second() const {
  if (samples_.size() < 2) return 0;
  const auto& [start, first] = samples_.front();
  const auto& [end, last] = samples_.back();
  return static_cast<double>(last - first) / (end - start);
}

std::string transfer_line(const std::string& name, int64_t bytes, int64_t total, double rate,
                          int width, bool utf8) {
  const double fraction =
      total > 0 ? std::clamp(static_cast<double>(bytes) / static_cast<double>(total), 0.0, 1.0) : 0;
  const std::string percent = std::to_string(static_cast<int>(fraction * 100)) + "%";
  const std::string amount = "  " + text::size_text(bytes) + " of " + text::size_text(total);
  std::string speed, left;
  if (rate > 0) {
    speed = "  " + text::size_text(std::llround(rate)) + "/s";
    left = "  " + duration_text(static_cast<double>(total - bytes) / rate) + " left";
  }
  // The fullest form that fits, down to the percentage alone.
  constexpr int kWidestBar = 24, kNarrowestBar = 4, kEnds = 2;
  const std::string tail = " " + percent + amount + speed + left;
  const int room = width - static_cast<int>(name.size() + 1 + tail.size()) - kEnds;
  if (room >= kNarrowestBar) {
    return name + " " + bar_text(fraction, std::min(room, kWidestBar), utf8) + tail;
  }
  for (const std::string& line : {name + tail, name + " " + percent + speed + left,
                                  name + " " + percent + left, percent + left}) {
    if (static_cast<int>(line.size()) <= width) return line;
  }
  return percent;
}

TransferView::TransferView(const GlobalOptions& globals)
    : style_(progress_style(globals)), utf8_(terminal_takes_utf8()) {}

TransferView::~TransferView() { clear(); }

void TransferView::show(const std::string& name, int64_t bytes, int64_t total) {
  if (style_ == ProgressStyle::kNothing) return;
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count();
  if (name != name_) {
    name_ = name;
    rate_ = RateMeter();
    next_seconds_ = style_ == ProgressStyle::kLines ? seconds + kLineSeconds : seconds;
  }
  rate_.add(seconds, bytes);
  if (seconds < next_seconds_) return;
  const double rate = rate_.bytes_per_second();
  if (style_ == ProgressStyle::kBar) {
    std::cerr << "\r\x1b[K"
              << transfer_line(name, bytes, total, rate, terminal_width() - kSpare, utf8_)
              << std::flush;
    drawn_ = true;
    next_seconds_ = seconds + kBarSeconds;
  } else {
    std::cerr << name << ": " << text::size_text(bytes) << " of " << text::size_text(total);
    if (rate > 0) {
      std::cerr << ", " << text::size_text(std::llround(rate)) << "/s, "
                << duration_text(static_cast<double>(total - bytes) / rate) << " left";
    }
    std::cerr << '\n';
    next_seconds_ = seconds + kLineSeconds;
  }
}

void TransferView::clear() {
  if (drawn_) std::cerr << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

}  // namespace zanime::cli
