// The input `filename_prefix` of nodes that save.
#pragma once

#include <string>

#include "nodes/node_type.h"

namespace zanime::nodes {

// What is wrong with it, as a sentence; empty when it is a name inside the output folder, or not
// given. For NodeType::check, and once more at the run: it may come along a link.
std::string check_filename_prefix(const Arguments& arguments);

}  // namespace zanime::nodes
