// Small dense systems: the interpolation conditions of multistep solvers.
#pragma once

#include <vector>

namespace zanime::sampling {

// Solves `matrix` * result = `right` by Gaussian elimination with row exchanges. The matrix is
// square, given by rows, and not singular.
std::vector<double> solve(std::vector<std::vector<double>> matrix, std::vector<double> right);

}  // namespace zanime::sampling
