#include "graph/api_view.h"

#include <limits>

#include "nodes/input_value.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

std::string bare(const std::string& text) {
  const std::string safe = nodes::quoted(text);
  return safe.substr(1, safe.size() - 2);
}

}  // namespace

std::optional<ApiLink> as_api_link(const ordered_json& value) {
  if (!value.is_array() || value.size() != 2) return std::nullopt;
  ApiLink link;
  if (value[0].is_string()) {
    link.node_id = value[0].get<std::string>();
  } else if (value[0].is_number_integer()) {
    link.node_id = value[0].dump();
  } else {
    return std::nullopt;
  }
  if (!value[1].is_number_integer()) return std::nullopt;
  link.output = value[1].get<int64_t>();
  return link;
}

std::string api_class(const ordered_json& node) {
  if (!node.is_object()) return "";
  const auto found = node.find("class_type");
  return found != node.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string api_title(const ordered_json& node) {
  if (!node.is_object()) return "";
  const auto meta = node.find("_meta");
  if (meta == node.end() || !meta->is_object()) return "";
  const auto title = meta->find("title");
  return title != meta->end() && title->is_string() ? title->get<std::string>() : "";
}

std::vector<ApiLink> api_links(const ordered_json& node) {
  std::vector<ApiLink> links;
  if (!node.is_object()) return links;
  const auto inputs = node.find("inputs");
  if (inputs == node.end() || !inputs->is_object()) return links;
  for (const auto& [name, value] : inputs->items()) {
    if (auto link = as_api_link(value)) {
      link->input = name;
      links.push_back(std::move(*link));
    }
  }
  return links;
}

std::string describe_api_node(const ordered_json& graph, const std::string& id) {
  const ordered_json& node = graph.at(id);
  const std::string class_name = api_class(node);
  const std::string title = api_title(node);
  if (class_name.empty()) return "node " + bare(id);
  std::string text = bare(class_name) + " (node " + bare(id);
  if (!title.empty() && title != class_name) text += ", " + nodes::quoted(title);
  return text + ")";
}

}  // namespace zanime::graph
