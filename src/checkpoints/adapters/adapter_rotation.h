// OFT and BOFT as LyCORIS stores them: skew-symmetric matrices that stand for rotations.
#pragma once

#include <vector>

#include "base/tensor.h"
#include "weights/row_mix.h"

namespace zanime::checkpoints {

// Larger blocks than trainers make; a larger one would take minutes.
constexpr int64_t kLargestRotationBlock = 1024;

// `blocks` [n, b, b] (OFT) or [m, n, b, b] (BOFT): with q = blocks - blocks^T, cut to the norm
// `constraint` where that is above 0, r = (1 + q)(1 - q)^-1 (Cayley). OFT applies r^T, as LyCORIS
// does; BOFT m times r, on rows that are further apart each time. `strength` mixes each with the
// identity.
std::vector<weights::RowMixStage> rotation_stages(const Tensor& blocks, double constraint,
                                                  double strength);

}  // namespace zanime::checkpoints
