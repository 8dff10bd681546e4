// The memory of an NVIDIA card, in the order of one stream.
#pragma once

#include <memory>

#include "ops/cuda/device.h"

namespace zanime::ops::cuda {

// Of the card with that number among those that CUDA shows. Throws Error(kResource).
std::shared_ptr<Memory> open_memory(int device);

}  // namespace zanime::ops::cuda
