// The backend on a card of this machine.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "ops/ops.h"

namespace zanime::ops::cuda {

// The card with that number among those that CUDA shows (CUDA_VISIBLE_DEVICES counts). At most
// `memory` bytes are taken for weights, or as much as is free less what activations want where that
// is 0. Throws Error(kResource): what is missing, and what to do.
std::shared_ptr<Backend> make_cuda_backend(int device, Compute compute, int64_t memory);

// Why no card can be used, or nothing where one can. Asks the driver alone; costs no memory.
std::string card_obstacle();

}  // namespace zanime::ops::cuda
