// From a workflow to a graph that has been checked.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "graph/graph.h"
#include "graph/registry.h"

namespace zanime::graph {

// `json` in API form or the editor's. Checks everything and throws one Error(kGraph) that lists
// every problem, each with node id and class; Error(kFile) when nothing but files is missing.
// Unknown inputs, mended values and nodes that no output needs (whatever their type) are only
// warned of, in `warnings` when given.
Graph read_graph(const nlohmann::ordered_json& json, const NodeRegistry& registry,
                 const nodes::ModelFiles& files, std::vector<std::string>* warnings = nullptr);

}  // namespace zanime::graph
