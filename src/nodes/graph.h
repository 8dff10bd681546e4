// A workflow in ComfyUI's API form: {"ID": {"class_type", "inputs", "_meta"}}.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "nodes/registry.h"

namespace zanime::nodes {

// The output `output` of node `node_id`, counted from 0.
struct Link {
  std::string node_id;
  int output = 0;
};

struct Node {
  std::string id;
  std::string class_type;
  std::string title;  // from _meta; empty without
  const NodeType* type = nullptr;
  // Checked plain values (defaults filled in) and links.
  std::map<std::string, std::variant<Value, Link>> inputs;
};

struct Graph {
  // By id, in the order of the file.
  std::vector<Node> nodes;
  // As it was read, for the file that a picture carries.
  nlohmann::ordered_json json;

  const Node* find(const std::string& id) const;
};

// `KSampler (node 8)`, with the title after it where it says more: `KSampler (node 8, "Refine")`.
std::string describe(const Node& node);

// Parses text and checks that it is JSON of sensible depth and size without duplicate keys.
// `source` names it in errors: a file name, or "the graph". Throws Error(kGraph).
nlohmann::ordered_json parse_graph_json(std::string_view text, const std::string& source);

// Checks everything and throws one Error(kGraph) that lists every problem, each with node id and
// class. Unknown inputs and values that were mended are only warned of (`warnings` when given).
// A node type that no output needs is not required to be known.
Graph read_graph(const nlohmann::ordered_json& json, const NodeRegistry& registry,
                 const ModelFiles& files, std::vector<std::string>* warnings = nullptr);

}  // namespace zanime::nodes
