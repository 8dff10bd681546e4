#include "graph/registry.h"

#include <utility>

#include "base/error.h"
#include "nodes/core_nodes.h"

namespace zanime::graph {

NodeRegistry NodeRegistry::standard(bool with_extra_nodes) {
  NodeRegistry registry;
  registry.with_extra_nodes_ = with_extra_nodes;
  for (nodes::NodeType& type : nodes::all_node_types()) registry.add(std::move(type));
  return registry;
}

void NodeRegistry::add(nodes::NodeType type) {
  if (!type.is_core && !with_extra_nodes_) {
    left_out_.insert(type.class_name);
    return;
  }
  const std::string name = type.class_name;
  if (!types_.emplace(name, std::move(type)).second) {
    throw Error(ErrorKind::kInternal, "two node types are called " + name);
  }
  order_.push_back(name);
}

const nodes::NodeType* NodeRegistry::find(const std::string& class_name) const {
  const auto found = types_.find(class_name);
  return found == types_.end() ? nullptr : &found->second;
}

std::vector<const nodes::NodeType*> NodeRegistry::all() const {
  std::vector<const nodes::NodeType*> result;
  for (const std::string& name : order_) result.push_back(find(name));
  return result;
}

}  // namespace zanime::graph
