// A flow's signal-to-noise ratio. With x = alpha latent + sigma noise and alpha = 1 - sigma, the
// exponential solvers (DPM-Solver++, SEEDS, SA-Solver, ER-SDE) run in lambda = log(alpha / sigma).
#pragma once

#include <cmath>
#include <vector>

#include "sampling/flow.h"

namespace zanime::sampling {

// Infinite at 0 and 1.
inline double half_log_snr(double sigma) { return std::log((1.0 - sigma) / sigma); }

// In float32, because the model and the Brownian path are asked at exactly this sigma.
inline float sigma_at(double lambda) { return static_cast<float>(1.0 / (1.0 + std::exp(lambda))); }

// The sigmas with a first one of 1, where lambda is infinite, moved to the sigma at 0.01 % of the
// way.
inline std::vector<float> sigmas_below_one(const std::vector<float>& sigmas,
                                           const FlowSchedule& flow) {
  std::vector<float> moved = sigmas;
  if (moved.size() > 1 && moved[0] >= 1.0f) {
    moved[0] = static_cast<float>(flow.percent_to_sigma(1e-4));
  }
  return moved;
}

}  // namespace zanime::sampling
