// The block formats of GGUF files (ggml): 32 or 256 values of few bits with shared scales.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/dtype.h"

namespace zanime::weights {

// `count` values, a multiple of dtype_block(dtype), as float32. The order of the operations is that
// of the `gguf` package of PyPI: results are equal bit for bit. Throws std::invalid_argument for a
// type that has no blocks.
void dequantize_blocks(const std::byte* data, DType dtype, int64_t count, float* out);

}  // namespace zanime::weights
