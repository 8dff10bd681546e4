// The node types this program knows.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "nodes/node_type.h"

namespace zanime::nodes {

class NodeRegistry {
 public:
  // An empty one, for tests.
  NodeRegistry() = default;
  // The core set, with or without the extra nodes.
  static NodeRegistry standard(bool with_extra_nodes);

  // Throws Error(kInternal) when the class name is taken.
  void add(NodeType type);

  // Null when unknown.
  const NodeType* find(const std::string& class_name) const;
  // In the order of registration.
  std::vector<const NodeType*> all() const;
  // True for a class that exists among the extra nodes but was not asked for.
  bool is_left_out(const std::string& class_name) const { return left_out_.contains(class_name); }

 private:
  std::map<std::string, NodeType> types_;
  std::vector<std::string> order_;
  std::map<std::string, bool> left_out_;
};

}  // namespace zanime::nodes
