// The node types this program knows.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "nodes/node_type.h"

namespace zanime::graph {

class NodeRegistry {
 public:
  // An empty one that takes every node: for tests.
  NodeRegistry() = default;
  // The core set, with or without the extra nodes.
  static NodeRegistry standard(bool with_extra_nodes);

  // A node beyond the core set is left out where extra nodes are not asked for. Throws
  // Error(kInternal) when the class name is taken.
  void add(nodes::NodeType type);

  // Null when unknown. The pointer holds as long as the registry.
  const nodes::NodeType* find(const std::string& class_name) const;
  // In the order of registration.
  std::vector<const nodes::NodeType*> all() const;
  // True for a class that exists among the extra nodes but was not asked for.
  bool is_left_out(const std::string& class_name) const { return left_out_.contains(class_name); }

 private:
  bool with_extra_nodes_ = true;
  std::map<std::string, nodes::NodeType> types_;
  std::vector<std::string> order_;
  std::set<std::string> left_out_;
};

}  // namespace zanime::graph
