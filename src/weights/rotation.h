// Rotations of weights by groups of columns, as int8 files with `convrot` hold them (ConvRot,
// arXiv 2512.03673): outliers spread over the group before it is quantised.
#pragma once

#include <cstdint>

namespace zanime::weights {

// Group sizes a file may use: powers of 4 up to this one, which is also the usual one.
constexpr int64_t kLargestRotation = 256;
bool is_rotation_size(int64_t group);

// Multiplies every run of `group` values by the regular Hadamard matrix H / sqrt(group), where H is
// the Kronecker power of J - 2 P: J all ones and P the reversed identity, both 4 x 4. It is
// symmetric and orthogonal, so that it undoes itself. `count` is a multiple of `group`.
void rotate_groups(float* values, int64_t count, int64_t group);

}  // namespace zanime::weights
