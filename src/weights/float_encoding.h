// float32 to the smaller types of weight files, many at a time.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/dtype.h"

namespace zanime::weights {

// Writes `count` values as kF32, kF16, kBF16 or kF8E4M3: bit for bit what the scalar conversions
// of base/dtype.h give, special values included. Throws Error(kInternal) for other types.
void encode_floats(const float* values, int64_t count, DType dtype, std::byte* out);

namespace detail {
// The same by one compilation of the loops, for tests. `vectorised` needs cpu_has_avx2().
void encode_floats_with(bool vectorised, const float* values, int64_t count, DType dtype,
                        std::byte* out);
}  // namespace detail

}  // namespace zanime::weights
