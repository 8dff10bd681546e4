// What `zanime nodes` prints.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "graph/registry.h"

namespace zanime::graph {

// The shape of ComfyUI's /object_info: one object per class, with its inputs, outputs and limits.
nlohmann::ordered_json object_info(const NodeRegistry& registry, const nodes::ModelFiles& files);

// For people: a line per node, below it a line per input with type, default and limits.
std::string node_table(const NodeRegistry& registry);

}  // namespace zanime::graph
