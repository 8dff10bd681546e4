// A workflow in ComfyUI's API form: {"ID": {"class_type", "inputs", "_meta"}}. The editor's form is
// turned into it first (workflow/to_api.h).
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "graph/registry.h"

namespace zanime::graph {

// The output `output` of node `node_id`, counted from 0.
struct Link {
  std::string node_id;
  int output = 0;
};

struct Node {
  std::string id;
  std::string class_type;
  std::string title;  // from _meta; empty without
  const nodes::NodeType* type = nullptr;
  // Checked plain values (defaults filled in) and links.
  std::map<std::string, std::variant<nodes::Value, Link>> inputs;
};

// The inputs of a node that are not links.
std::map<std::string, nodes::Value> plain_values(const Node& node);

struct Graph {
  // Those that some output needs, in the order of the file.
  std::vector<Node> nodes;
  // In API form, without nodes that only pass values on: for the file that a picture carries.
  nlohmann::ordered_json json;

  const Node* find(const std::string& id) const;
};

// `KSampler (node 8)`, with the title after it where it says more: `KSampler (node 8, "Refine")`.
std::string describe(const Node& node);

// Parses text and checks that it is JSON of sensible depth and size without duplicate keys.
// `source` names it in errors: a file name, or "the graph". Throws Error(kGraph).
nlohmann::ordered_json parse_graph_json(std::string_view text, const std::string& source);

// Checks everything and throws one Error(kGraph) that lists every problem, each with node id and
// class; Error(kFile) when nothing but files is missing. Unknown inputs, mended values and nodes
// that no output needs (whatever their type) are only warned of, in `warnings` when given.
Graph read_graph(const nlohmann::ordered_json& json, const NodeRegistry& registry,
                 const nodes::ModelFiles& files, std::vector<std::string>* warnings = nullptr);

}  // namespace zanime::graph
