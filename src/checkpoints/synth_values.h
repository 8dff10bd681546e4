// The law of synthetic weights: every value follows from its tensor's canonical name, so that no
// weight file is needed to compare two engines.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/shape.h"
#include "base/tensor.h"

namespace zanime::checkpoints {

// value[i] = base + amplitude * u_i in float32, where i is the flat index, row-major, and
// u_i = (splitmix64(seed + i) >> 40) * 2^-23 - 1 (splitmix64: Steele, Lea, Flood 2014).
struct SynthLaw {
  uint64_t seed = 0;  // FNV-1a 64 of the canonical name
  float base = 0;
  float amplitude = 0;
};

// `name` is the canonical name without the prefixes of an all-in-one file; a text encoder's keeps
// Hugging Face's `model.`. base and amplitude:
//   name ends in pad_token     0, 0.5
//   name contains embed_tokens 0, 1
//   two or more dimensions     0, sqrt(3 / product of all dimensions but the first)
//   name ends in .bias         0, 0.02
//   any other vector           1, 0.1
SynthLaw synth_law(std::string_view name, const Shape& shape);

// Values [first, first + count) of a tensor.
void synth_values(const SynthLaw& law, int64_t first, int64_t count, float* out);

// A whole tensor, before it is rounded to a file's type.
Tensor synth_tensor(std::string_view name, const Shape& shape);

namespace detail {
// One compilation of the loop, for tests. `vectorised` needs cpu_has_avx2().
void synth_values_with(bool vectorised, const SynthLaw& law, int64_t first, int64_t count,
                       float* out);
}  // namespace detail

}  // namespace zanime::checkpoints
