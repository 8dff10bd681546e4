#include "sampling/solvers/ancestral.h"

#include <algorithm>
#include <cmath>

namespace zanime::sampling {

AncestralStep ancestral_step(double sigma, double next, double eta) {
  if (eta == 0.0) return {next, 0.0};
  // From infinity the whole of `next` is added anew, whatever eta is, as in the reference.
  if (std::isinf(sigma)) return {0.0, next};
  const double share = 1.0 - next * next / (sigma * sigma);
  const double up = std::min(next, eta * next * std::sqrt(std::max(share, 0.0)));
  return {std::sqrt(next * next - up * up), up};
}

FlowAncestralStep flow_ancestral_step(double sigma, double next, double eta) {
  const double down = next * (1.0 + (next / sigma - 1.0) * eta);
  const double keep = (1.0 - next) / (1.0 - down);
  const double renoise = std::sqrt(std::max(next * next - down * down * keep * keep, 0.0));
  return {down, keep, renoise};
}

}  // namespace zanime::sampling
