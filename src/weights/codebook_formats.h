// The block formats of GGUF files whose values come from tables (IQ1, IQ2, IQ3) or are -1, 0 and 1
// (TQ).
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/dtype.h"

namespace zanime::weights {

// As dequantize_blocks (block_formats.h), for these formats.
void dequantize_codebook_blocks(const std::byte* data, DType dtype, int64_t count, float* out);

}  // namespace zanime::weights
