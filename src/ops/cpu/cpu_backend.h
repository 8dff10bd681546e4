// The backend that computes on the processor.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ops/ops.h"

namespace zanime::ops {

// `level` forces an instruction set of cpu_levels() (ops/cpu/cpu_level.h); empty takes
// ZANIME_CPU_LEVEL from the environment or, without it, the best this CPU has. Throws Error(kUsage)
// for a level that does not exist or that this CPU lacks. With kInt8, up to `kept_bytes` of
// converted weights stay in memory between products.
std::shared_ptr<Backend> make_cpu_backend(const std::string& level, Compute compute,
                                          int64_t kept_bytes = 0);

}  // namespace zanime::ops
