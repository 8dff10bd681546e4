#include "sampling/flow.h"

#include <cstddef>

namespace zanime::sampling {
namespace {

// T is float for the sigmas of a schedule, because the reference computes them in float32.
template <typename T>
T shifted(double shift, T t) {
  if (shift == 1.0) return t;
  return static_cast<T>(shift) * t / (T{1} + static_cast<T>(shift - 1.0) * t);
}

}  // namespace

FlowSchedule::FlowSchedule(double shift, int entries) : shift_(shift) {
  table_.reserve(static_cast<size_t>(entries));
  for (int k = 1; k <= entries; ++k) {
    table_.push_back(sigma(static_cast<float>(k) / static_cast<float>(entries)));
  }
}

float FlowSchedule::sigma(float t) const { return shifted(shift_, t); }

double FlowSchedule::percent_to_sigma(double percent) const {
  if (percent <= 0.0) return 1.0;
  if (percent >= 1.0) return 0.0;
  return shifted(shift_, 1.0 - percent);
}

}  // namespace zanime::sampling
