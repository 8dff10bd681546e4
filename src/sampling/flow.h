// The noise schedule of a rectified-flow model (arXiv 2209.03003): sigma in [0, 1],
// x_sigma = sigma noise + (1 - sigma) latent, with the resolution shift of Stable Diffusion 3
// (arXiv 2403.03206, eq. 23).
#pragma once

#include <vector>

namespace zanime::sampling {

class FlowSchedule {
 public:
  static constexpr int kEntries = 1000;         // of Z-Image's own table
  static constexpr float kDefaultShift = 3.0f;  // Z-Image's own

  explicit FlowSchedule(double shift = kDefaultShift, int entries = kEntries);

  double shift() const { return shift_; }
  // sigma of time t in [0, 1]: shift t / (1 + (shift - 1) t).
  float sigma(float t) const;
  // The time that a schedule interpolates over. Like the reference's, it is sigma itself.
  float timestep(float sigma) const { return sigma; }
  // sigma(k / entries) for k = 1..entries, ascending.
  const std::vector<float>& table() const { return table_; }
  float sigma_min() const { return table_.front(); }
  float sigma_max() const { return table_.back(); }
  // The sigma at which `percent` of the way from noise to picture is done: 1 at 0 and below, 0 at
  // 1 and above.
  double percent_to_sigma(double percent) const;

 private:
  double shift_;
  std::vector<float> table_;
};

}  // namespace zanime::sampling
