// Limits and choices that inputs of several nodes have in common.
#pragma once

#include <cstdint>
#include <string>

#include "nodes/node_type.h"

namespace zanime::nodes {

// Pixels along one side of a picture at most: ComfyUI's MAX_RESOLUTION.
inline constexpr int64_t kMaxResolution = 16384;

// `flip_method`: "x-axis: vertically" (upside down) or "y-axis: horizontally".
InputSpec flip_method_input();
// `rotation`: clockwise, and the quarter turns that one of its choices means.
InputSpec rotation_input();
int64_t quarter_turns(const std::string& rotation);

}  // namespace zanime::nodes
