// Which value of `widgets_values` belongs to which input.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "graph/workflow/editor_graph.h"
#include "nodes/node_type.h"

namespace zanime::graph {

// Pairs of input name and value, nulls left out. Values stand in the order in which the node type
// declares its widgets, or, where the file knows more widgets (or the type is unknown: null), in
// the file's own order. After a seed there may be a word for control_after_generate; it belongs to
// no input. Values beyond the known widgets (an upload button has one) belong to none either.
std::vector<std::pair<std::string, nlohmann::ordered_json>> named_widget_values(
    const EditorNode& node, const nodes::NodeType* type);

}  // namespace zanime::graph
