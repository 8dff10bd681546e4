#include "cli/progress_view.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>

#include "cli/terminal.h"

namespace zanime::cli {
namespace {

std::string seconds_text(double seconds) { return fixed(seconds, seconds < 10 ? 2 : 1) + " s"; }

}  // namespace

ProgressStyle progress_style(const GlobalOptions& globals) {
  if (globals.quiet) return ProgressStyle::kNothing;
  const bool draws = stderr_is_terminal() && !globals.verbose && !globals.json;
  return draws ? ProgressStyle::kBar : ProgressStyle::kLines;
}

std::string bar_text(double fraction, int width, bool utf8) {
  if (!utf8) {
    const int filled = static_cast<int>(std::lround(fraction * width));
    return "[" + std::string(static_cast<size_t>(filled), '#') +
           std::string(static_cast<size_t>(width - filled), '.') + "]";
  }
  // Blocks in eighths of a column.
  static constexpr std::array<const char*, 8> kEighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = static_cast<int>(std::lround(fraction * width * 8));
  std::string text = "▕";
  for (int i = 0; i < eighths / 8; ++i) text += "█";
  text += kEighths[static_cast<size_t>(eighths % 8)];
  const int used = (eighths + 7) / 8;
  text += std::string(static_cast<size_t>(width - used), ' ');
  return text + "▏";
}

std::string duration_text(double seconds) {
  if (seconds < 60) return fixed(seconds, 1) + " s";
  const auto whole = static_cast<int64_t>(std::llround(seconds));
  std::array<char, 32> text{};
  if (whole < 3600) {
    std::snprintf(text.data(), text.size(), "%d:%02d", static_cast<int>(whole / 60),
                  static_cast<int>(whole % 60));
  } else {
    std::snprintf(text.data(), text.size(), "%lld:%02d:%02d", static_cast<long long>(whole / 3600),
                  static_cast<int>(whole / 60 % 60), static_cast<int>(whole % 60));
  }
  return text.data();
}

std::string progress_line(const std::string& what, int step, int steps, double seconds_per_step,
                          double seconds_left, int width, bool utf8) {
  const std::string count = std::to_string(step) + "/" + std::to_string(steps);
  std::string tail = " " + count;
  if (step > 0) tail += "  " + seconds_text(seconds_per_step) + "/step";
  if (seconds_left >= 0) tail += "  " + duration_text(seconds_left) + " left";
  constexpr int kWidestBar = 30, kNarrowestBar = 4, kEnds = 2;
  const int beside = static_cast<int>(what.size()) + 1 + static_cast<int>(tail.size()) + kEnds;
  const int columns = std::min(kWidestBar, width - beside);
  const double fraction = steps > 0 ? static_cast<double>(step) / steps : 0.0;
  if (columns >= kNarrowestBar) return what + " " + bar_text(fraction, columns, utf8) + tail;
  // Too narrow for a bar, or even for the times.
  const std::string bare = what + tail;
  if (static_cast<int>(bare.size()) <= width) return bare;
  return count.substr(0, static_cast<size_t>(std::max(0, width)));
}

ProgressView::ProgressView(const GlobalOptions& globals)
    : style_(progress_style(globals)), verbose_(globals.verbose), utf8_(terminal_takes_utf8()) {}

ProgressView::~ProgressView() { clear(); }

void ProgressView::show(const nodes::ProgressEvent& event) {
  if (style_ == ProgressStyle::kLines) show_line(event);
  if (style_ == ProgressStyle::kBar) show_bar(event);
}

void ProgressView::show_line(const nodes::ProgressEvent& event) const {
  using Kind = nodes::ProgressEvent::Kind;
  const std::string name = printable(event.class_type + " (node " + event.node_id + ")");
  switch (event.kind) {
    case Kind::kNodeStarted:
      if (verbose_) std::cerr << name << " started\n";
      break;
    case Kind::kNodeCached:
      std::cerr << name << " unchanged\n";
      break;
    case Kind::kNodeFinished:
      std::cerr << name << " done in " << seconds_text(event.seconds) << '\n';
      break;
    case Kind::kStep:
      std::cerr << name << " step " << event.step << '/' << event.steps << ", "
                << seconds_text(event.seconds) << '\n';
      break;
  }
}

void ProgressView::show_bar(const nodes::ProgressEvent& event) {
  using Kind = nodes::ProgressEvent::Kind;
  const std::string name = printable(event.class_type);
  switch (event.kind) {
    case Kind::kNodeStarted:
      steps_seen_ = 0;
      step_seconds_ = 0;
      draw(name + (utf8_ ? " …" : " ..."));
      break;
    case Kind::kStep: {
      ++steps_seen_;
      step_seconds_ += event.seconds;
      const double mean = step_seconds_ / steps_seen_;
      draw(progress_line(name, event.step, event.steps, mean, mean * (event.steps - event.step),
                         terminal_width() - 1, utf8_));
      break;
    }
    case Kind::kNodeCached:
    case Kind::kNodeFinished:
      clear();
      break;
  }
}

void ProgressView::draw(const std::string& line) {
  std::cerr << "\r\x1b[K" << line << std::flush;
  drawn_ = true;
}

void ProgressView::clear() {
  if (drawn_) std::cerr << "\r\x1b[K" << std::flush;
  drawn_ = false;
}

}  // namespace zanime::cli
