// Which set of kernels runs on this CPU.
#pragma once

#include <string>
#include <vector>

#include "ops/cpu/row_kernels.h"

namespace zanime::ops {

// The levels this CPU can run, lowest first.
std::vector<std::string> cpu_levels();

}  // namespace zanime::ops

namespace zanime::ops::cpu {

// The kernels of `level`, or of ZANIME_CPU_LEVEL where it is empty, or the best this CPU runs.
// Also caps oneDNN at the same instruction set. Throws Error(kUsage) for a level that does not
// exist or that this CPU lacks.
const RowKernels& select_kernels(const std::string& level);

}  // namespace zanime::ops::cpu
