// What `--compute auto` means on this processor.
#pragma once

#include <filesystem>
#include <string>

#include "ops/cpu/row_kernels.h"
#include "ops/ops.h"

namespace zanime::ops::cpu {

struct AutoCompute {
  Compute compute;
  std::string reason;  // for --verbose
};

// The faster of float32 and bfloat16 on this kind of processor: both keep the picture. Known kinds
// are in a table; others are tried for a quarter of a second, and the result is kept in the file
// `memory` (not where that is empty or cannot be written).
AutoCompute choose_compute(const RowKernels& kernels, const std::filesystem::path& memory);

// Where results of trials are kept: compute.txt in the user's cache folder.
std::filesystem::path default_trial_memory();

}  // namespace zanime::ops::cpu
