// From the stored elements of weight files to float32.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/dtype.h"

namespace zanime::weights {

// `count` stored elements as float32, by the scalar conversions of base/dtype.h.
void convert_to_float32(const std::byte* data, DType dtype, int64_t count, float* out);

}  // namespace zanime::weights
