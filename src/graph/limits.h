// How large a graph from outside may be.
#pragma once

#include <cstddef>

namespace zanime::graph {

inline constexpr size_t kMaxNodes = 10000;
inline constexpr size_t kMaxInputs = 1000;  // of one node

}  // namespace zanime::graph
