// From the editor's graphs within graphs to one list of the nodes that run, with where each input
// comes from. Muted nodes are gone, bypassed nodes, reroutes and primitives are seen through, and
// the nodes of a subgraph get ids as in ComfyUI: "57:3" is node 3 within the subgraph's node 57.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "graph/graph.h"
#include "graph/workflow/editor_graph.h"

namespace zanime::graph {

// What an input with a link is given: nothing (its source is muted, say), an output, or a value.
using FlatSource = std::variant<std::monostate, Link, nlohmann::ordered_json>;

struct FlatInput {
  std::string name;
  FlatSource source;
  std::string lost;  // why there is no source, as half a sentence; empty when there is one
};

struct FlatNode {
  std::string id;
  const EditorNode* node = nullptr;  // of the workflow that was flattened
  std::vector<FlatInput> inputs;     // those that had a link
  // Values of widgets that a subgraph's node sets in place of the node's own.
  std::map<std::string, nlohmann::ordered_json> widget_overrides;
};

// An input of a subgraph's node, and one input within that it stands for.
struct PromotedInput {
  std::string owner;        // flat id of the subgraph's node
  std::string owner_title;  // its title, or the name of the subgraph
  std::string name;
  std::string label;  // what the editor shows; may be empty
  std::string node_id;
  std::string input;
  // False: not an input of the subgraph, but a widget of a node within that it shows.
  bool is_port = true;
};

struct FlatWorkflow {
  std::vector<FlatNode> nodes;
  std::vector<PromotedInput> promoted;
};

// `workflow` must outlive the result. Throws Error(kGraph) for subgraphs that contain themselves,
// for links that form a circle, and when more than 10,000 nodes come out.
FlatWorkflow flatten(const EditorWorkflow& workflow);

}  // namespace zanime::graph
