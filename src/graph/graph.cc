#include "graph/graph.h"

#include <algorithm>

#include "base/text/quoted.h"

namespace zanime::graph {

const Node* Graph::find(const std::string& id) const {
  const auto found =
      std::find_if(nodes.begin(), nodes.end(), [&](const Node& node) { return node.id == id; });
  return found == nodes.end() ? nullptr : &*found;
}

std::map<std::string, nodes::Value> plain_values(const Node& node) {
  std::map<std::string, nodes::Value> values;
  for (const auto& [name, input] : node.inputs) {
    if (const nodes::Value* value = std::get_if<nodes::Value>(&input)) values.emplace(name, *value);
  }
  return values;
}

std::string node_label(const std::string& class_type, const std::string& id,
                       const std::string& title) {
  const bool shows_title = !title.empty() && title != class_type;
  if (class_type.empty()) {
    return "node " + text::escaped(id) + (shows_title ? " (" + text::quoted(title) + ")" : "");
  }
  return text::escaped(class_type) + " (node " + text::escaped(id) +
         (shows_title ? ", " + text::quoted(title) : "") + ")";
}

std::string describe(const Node& node) { return node_label(node.class_type, node.id, node.title); }

}  // namespace zanime::graph
