#include "graph/registry.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/error.h"
#include "nodes/core_nodes.h"

namespace zanime::graph {

NodeRegistry::NodeRegistry() : types_(std::make_shared<Types>()) {}

NodeRegistry NodeRegistry::standard(bool with_extra_nodes) {
  NodeRegistry registry;
  for (nodes::NodeType& type : nodes::all_node_types()) registry.add(std::move(type));
  return registry.seen(with_extra_nodes);
}

NodeRegistry NodeRegistry::seen(bool with_extra_nodes) const {
  NodeRegistry other = *this;
  other.with_extra_nodes_ = with_extra_nodes;
  return other;
}

void NodeRegistry::add(nodes::NodeType type) {
  const std::string name = type.class_name;
  const auto [added, is_new] = types_->by_name.emplace(name, std::move(type));
  if (!is_new) throw Error(ErrorKind::kInternal, "two node types are called " + name);
  types_->in_order.push_back(&added->second);
}

const nodes::NodeType* NodeRegistry::find(const std::string& class_name) const {
  const auto found = types_->by_name.find(class_name);
  return found != types_->by_name.end() && shows(found->second) ? &found->second : nullptr;
}

std::vector<const nodes::NodeType*> NodeRegistry::all() const {
  std::vector<const nodes::NodeType*> result;
  std::copy_if(types_->in_order.begin(), types_->in_order.end(), std::back_inserter(result),
               [this](const nodes::NodeType* type) { return shows(*type); });
  return result;
}

bool NodeRegistry::is_left_out(const std::string& class_name) const {
  const auto found = types_->by_name.find(class_name);
  return found != types_->by_name.end() && !shows(found->second);
}

}  // namespace zanime::graph
