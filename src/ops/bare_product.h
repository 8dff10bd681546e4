// What the library underneath makes of a matrix product alone: the measure for everything else.
#pragma once

#include <cstdint>

namespace zanime::ops {

// Seconds of one product [m, k] x [k, n]^T in float32 with all threads, weights already converted:
// the best of several, by oneDNN or, on packed weights, by libxsmm.
double seconds_of_bare_product(int64_t m, int64_t n, int64_t k);

// Seconds to convert a stored F8_E4M3 value to float32 and to pack it, of many on all threads and
// in blocks that stay in cache, as the CPU backend does before it multiplies.
double seconds_of_a_conversion();

}  // namespace zanime::ops
