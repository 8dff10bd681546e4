// From the editor's form to the API form that graph.h checks.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "graph/registry.h"
#include "graph/workflow/flatten.h"

namespace zanime::graph {

struct ApiWorkflow {
  nlohmann::ordered_json graph;
  // Whether it came in the editor's form: then its texts may stand for several (queue_texts.h).
  bool is_from_editor = false;
  // What the nodes of subgraphs show of their inside, for whoever names it that way.
  std::vector<PromotedInput> promoted = {};
};

// Nodes of unknown types stay, so that the check of the graph can tell whether they matter; their
// `_meta` has the `pack` where the file says it. Any node's has the `name` for search and replace
// where that is not its class. A graph that is in the API form already comes back as it is. Takes
// off what other programs wrap around graphs (unwrap.h). Throws Error(kGraph) as
// read_editor_workflow and flatten do.
ApiWorkflow to_api(const nlohmann::ordered_json& json, const NodeRegistry& registry,
                   std::vector<std::string>* warnings = nullptr);

}  // namespace zanime::graph
