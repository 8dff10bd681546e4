// How a run looks while it runs: a bar on a terminal, plain lines elsewhere, nothing when quiet.
#pragma once

#include <string>

#include "cli/globals.h"
#include "nodes/node_context.h"

namespace zanime::cli {

// How work that takes a while is shown on stderr.
enum class ProgressStyle { kNothing, kLines, kBar };
ProgressStyle progress_style(const GlobalOptions& globals);

// "41.2 s", "3:07", "1:02:33"
std::string duration_text(double seconds);

// A bar `width` columns wide plus its two ends, filled to `fraction` of [0, 1].
std::string bar_text(double fraction, int width, bool utf8);

// The line of a progress bar, at most `width` columns: what runs, a bar, step, seconds a step, time
// left. `seconds_left` below 0: not known yet.
std::string progress_line(const std::string& what, int step, int steps, double seconds_per_step,
                          double seconds_left, int width, bool utf8);

// Writes to stderr.
class ProgressView {
 public:
  explicit ProgressView(const GlobalOptions& globals);
  ProgressView(const ProgressView&) = delete;
  ProgressView& operator=(const ProgressView&) = delete;
  // Takes the bar away.
  ~ProgressView();

  void show(const nodes::ProgressEvent& event);

 private:
  void show_line(const nodes::ProgressEvent& event) const;
  void show_bar(const nodes::ProgressEvent& event);
  void draw(const std::string& line);
  void clear();

  ProgressStyle style_;
  bool verbose_;
  bool utf8_;
  bool drawn_ = false;
  // Of the sampler that runs.
  int steps_seen_ = 0;
  double step_seconds_ = 0;
};

}  // namespace zanime::cli
