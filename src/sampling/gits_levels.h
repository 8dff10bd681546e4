// Noise levels that "On the Trajectory Regularity of ODE-based Diffusion Sampling" (arXiv
// 2405.11326, GITS) searched for Stable Diffusion.
#pragma once

#include <optional>
#include <vector>

namespace zanime::sampling {

inline constexpr int kGitsMostSteps = 20;

// The steps + 1 levels for a coefficient in hundredths, 80 to 150 by fives, and 2 to 20 steps;
// nothing for others.
std::optional<std::vector<double>> gits_levels(int coefficient, int steps);

}  // namespace zanime::sampling
