// Token sequences behind one another.
#pragma once

#include <span>

#include "base/tensor.h"
#include "ops/activation.h"

namespace zanime::ops::cpu {

// As Backend::join_rows.
Tensor join_rows(std::span<const Activation> parts);

}  // namespace zanime::ops::cpu
