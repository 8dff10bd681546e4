#pragma once

#include <span>

#include "base/tensor.h"
#include "ops/activation.h"

namespace zanime::ops::cpu {

// As Backend::join_channels.
Tensor join_channels(std::span<const Activation> parts);

}  // namespace zanime::ops::cpu
