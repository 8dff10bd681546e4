// Lists of sigmas by formulas that take the ends as numbers, and by tables of other models.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sampling/flow.h"

namespace zanime::sampling {

// `count` float32 values from start to end, both included, computed from the nearer end.
std::vector<float> linspace(float start, float end, int count);

// steps sigmas from sigma_max down to sigma_min, and 0, unless said otherwise. Steps are at
// least 1.

// Karras et al. 2022 (arXiv 2206.00364), eq. 5.
std::vector<float> karras_sigmas(int steps, double sigma_max, double sigma_min, double rho);
// Evenly spaced in log sigma.
std::vector<float> exponential_sigmas(int steps, double sigma_max, double sigma_min);
// In log sigma along t^rho, t evenly from 1 to 0.
std::vector<float> polyexponential_sigmas(int steps, double sigma_max, double sigma_min,
                                          double rho);
// The exponentials of quantiles of a Laplace distribution (arXiv 2407.03297), held between the
// ends; no 0 follows.
std::vector<float> laplace_sigmas(int steps, double sigma_max, double sigma_min, double mu,
                                  double beta);
// Of the variance-preserving SDE (arXiv 2011.13456): sqrt(e^(beta_d t^2 / 2 + beta_min t) - 1) for
// t from 1 to eps.
std::vector<float> vp_sigmas(int steps, double beta_d, double beta_min, double eps);
// Entries of a flow's table at quantiles of Beta(alpha, beta), both above 0: with 0.6 dense at both
// ends (arXiv 2407.12173). Quantiles that fall on the same entry count once.
std::vector<float> beta_sigmas(const FlowSchedule& flow, int steps, double alpha, double beta);
// FLUX.2's shift for a number of steps and the picture's size in pixels.
std::vector<float> flux2_sigmas(int steps, int width, int height);

// Noise levels that were searched for one model; steps other than theirs by interpolation in log
// sigma. denoise below 1 keeps the last round(steps * denoise) steps, 0 gives nothing.
struct LevelTable {
  std::string_view model;
  std::vector<double> levels;
};
// "Align Your Steps" (arXiv 2404.14507): SD1, SDXL, SVD.
const std::vector<LevelTable>& align_your_steps_tables();
// OptimalSteps (arXiv 2503.21774): FLUX, Wan, Chroma.
const std::vector<LevelTable>& optimal_steps_tables();
// GITS (gits_levels.h) for a coefficient of 0.8 to 1.5 by steps of 0.05, two steps or more. Throws
// Error(kUsage) for another coefficient.
std::vector<float> gits_sigmas(double coefficient, int steps, double denoise);
std::vector<float> table_sigmas(const std::vector<LevelTable>& tables, std::string_view model,
                                int steps, double denoise);

}  // namespace zanime::sampling
