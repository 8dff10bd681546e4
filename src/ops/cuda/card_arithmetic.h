// What a card's libraries make of the arithmetic alone.
#pragma once

#include <memory>

#include "ops/bare_arithmetic.h"
#include "ops/cuda/device.h"
#include "ops/cuda/linear.h"

namespace zanime::ops::cuda {

// In the numbers of that mode; attention as the backend has it there. Both must live longer.
std::unique_ptr<BareArithmetic> card_arithmetic(Memory& memory, Library& library, Mode mode);

}  // namespace zanime::ops::cuda
