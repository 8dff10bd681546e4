// Group nodes, which ComfyUI's editor had before subgraphs: nodes of the type "workflow>NAME",
// whose inside stands in `extra.groupNodes`.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "graph/registry.h"
#include "graph/workflow/editor_graph.h"

namespace zanime::graph {

// "workflow>NAME", or "workflow/NAME" in older files.
bool is_group_node(const std::string& type);

// Makes a subgraph of each group node of `workflow`, which was read from `json`; the nodes within
// get ids as in ComfyUI: "7:0" is the first node within node 7. A group that the file does not hold
// stays an unknown node. `registry` tells the widgets of the nodes within.
void expand_group_nodes(const nlohmann::ordered_json& json, const NodeRegistry& registry,
                        EditorWorkflow& workflow, std::vector<std::string>* warnings);

}  // namespace zanime::graph
