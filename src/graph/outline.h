// A graph for people to read: what `zanime graph` prints.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "graph/registry.h"

namespace zanime::graph {

// The graph (API form, not yet checked) as a tree: from each output to what feeds it, a line per
// node and per plain value. A node that was shown before is only named. Marked in brackets: unknown
// node types, files that are not there, links that lead nowhere. At the end stand the nodes that no
// output needs.
std::string graph_tree(const nlohmann::ordered_json& graph, const NodeRegistry& registry,
                       const nodes::ModelFiles& files);

// The same as an object: `outputs` (ids) and `nodes`, each with id, class, title, inputs, and
// `known`, `needed`, `missing_files` (names of inputs), `pack` where the file says it.
nlohmann::ordered_json graph_outline(const nlohmann::ordered_json& graph,
                                     const NodeRegistry& registry, const nodes::ModelFiles& files);

}  // namespace zanime::graph
