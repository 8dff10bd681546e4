// Limits that inputs of several nodes have in common.
#pragma once

#include <cstdint>

namespace zanime::nodes {

// Pixels along one side of a picture at most: ComfyUI's MAX_RESOLUTION.
inline constexpr int64_t kMaxResolution = 16384;

}  // namespace zanime::nodes
