// The node types this program knows.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "nodes/node_type.h"

namespace zanime::graph {

class NodeRegistry {
 public:
  // An empty one that takes every node: for tests.
  NodeRegistry();
  // The core set, with or without the extra nodes.
  static NodeRegistry standard(bool with_extra_nodes);

  // The same node types, seen with or without those beyond the core set. What is added to one
  // afterwards, the other has too.
  NodeRegistry seen(bool with_extra_nodes) const;

  // Throws Error(kInternal) when the class name is taken.
  void add(nodes::NodeType type);

  // Null when unknown or left out. The pointer holds as long as the registry.
  const nodes::NodeType* find(const std::string& class_name) const;
  // In the order of registration.
  std::vector<const nodes::NodeType*> all() const;
  // True for a class that exists among the extra nodes but was not asked for.
  bool is_left_out(const std::string& class_name) const;

 private:
  struct Types {
    std::map<std::string, nodes::NodeType> by_name;
    std::vector<const nodes::NodeType*> in_order;
  };

  bool shows(const nodes::NodeType& type) const { return type.is_core || with_extra_nodes_; }

  bool with_extra_nodes_ = true;
  std::shared_ptr<Types> types_;
};

}  // namespace zanime::graph
