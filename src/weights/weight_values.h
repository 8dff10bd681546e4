// What a weight's values are.
#pragma once

#include <cstdint>

#include "base/tensor.h"
#include "weights/weight.h"

namespace zanime::weights {

// The whole weight in float32, changes applied, by the scalar conversions of base/dtype.h. For
// vectors and small matrices that a network keeps, and as the reference in tests.
Tensor to_float32(const Weight& weight);
// Rows [first, first + rows) of it.
void rows_to_float32(const Weight& weight, int64_t first, int64_t rows, float* out);

// Whether no value is NaN or infinite. Reads the weight once, some rows at a time on all threads.
bool all_rows_finite(const Weight& weight);

}  // namespace zanime::weights
