// A graph that has been checked and can run.
#pragma once

#include <map>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

#include "nodes/node_type.h"

namespace zanime::graph {

// The output `output` of node `node_id`, counted from 0; negative for a number that no output has.
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

// What messages call a node: `KSampler (node 8)`, with the title after it where it says more,
// `KSampler (node 8, "Refine")`; `node 8` where it has no class.
std::string node_label(const std::string& class_type, const std::string& id,
                       const std::string& title);
std::string describe(const Node& node);

}  // namespace zanime::graph
