// The backend for NVIDIA cards.
#pragma once

#include <cstdint>
#include <memory>

#include "ops/cuda/device.h"
#include "ops/ops.h"

namespace zanime::ops::cuda {

// On a card that the caller opened. `weight_bytes` of weights stay on it; the rest is brought again
// for every product. Modes that the card lacks fall back to the next more exact one, which
// description() says.
std::shared_ptr<Backend> make_backend_on(std::shared_ptr<Memory> memory,
                                         std::shared_ptr<Library> library, Compute compute,
                                         int64_t weight_bytes);

}  // namespace zanime::ops::cuda
