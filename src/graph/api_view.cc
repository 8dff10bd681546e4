#include "graph/api_view.h"

#include <cstdint>
#include <utility>

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

constexpr int kMaxOutput = 1000;

const ordered_json* object_member(const ordered_json& node, const char* name) {
  if (!node.is_object()) return nullptr;
  const auto found = node.find(name);
  return found != node.end() && found->is_object() ? &*found : nullptr;
}

}  // namespace

std::optional<Link> as_link(const ordered_json& value) {
  if (!value.is_array() || value.size() != 2) return std::nullopt;
  Link link;
  if (value[0].is_string()) {
    link.node_id = value[0].get<std::string>();
  } else if (value[0].is_number_integer()) {
    link.node_id = value[0].dump();
  } else {
    return std::nullopt;
  }
  if (!value[1].is_number_integer()) return std::nullopt;
  const bool fits = value[1].is_number_unsigned() ? value[1].get<uint64_t>() <= kMaxOutput
                                                  : value[1].get<int64_t>() >= 0;
  link.output = fits ? value[1].get<int>() : -1;
  return link;
}

std::string api_class(const ordered_json& node) {
  if (!node.is_object()) return "";
  const auto found = node.find("class_type");
  return found != node.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string api_meta(const ordered_json& node, const char* name) {
  const ordered_json* meta = object_member(node, "_meta");
  if (meta == nullptr) return "";
  const auto found = meta->find(name);
  return found != meta->end() && found->is_string() ? found->get<std::string>() : "";
}

std::string api_title(const ordered_json& node) { return api_meta(node, "title"); }

const ordered_json* api_inputs(const ordered_json& node) { return object_member(node, "inputs"); }

ordered_json* api_inputs(ordered_json& node) {
  return const_cast<ordered_json*>(object_member(node, "inputs"));
}

std::vector<ApiLink> api_links(const ordered_json& node) {
  std::vector<ApiLink> links;
  const ordered_json* inputs = api_inputs(node);
  if (inputs == nullptr) return links;
  for (const auto& [name, value] : inputs->items()) {
    if (auto link = as_link(value)) links.push_back({name, std::move(*link)});
  }
  return links;
}

std::string describe_api_node(const std::string& id, const ordered_json& node) {
  return node_label(api_class(node), id, api_title(node));
}

void append_member(ordered_json& object, const std::string& key, ordered_json value) {
  object.get_ref<ordered_json::object_t&>().emplace_back(key, std::move(value));
}

ApiView::ApiView(const ordered_json& graph) : graph_(graph) {
  if (!graph.is_object()) return;
  for (const auto& [id, node] : graph.items()) by_id_.emplace(id, &node);
}

const ordered_json* ApiView::find(const std::string& id) const {
  const auto found = by_id_.find(id);
  return found == by_id_.end() ? nullptr : found->second;
}

std::string ApiView::describe(const std::string& id) const {
  const ordered_json* node = find(id);
  return node == nullptr ? node_label("", id, "") : describe_api_node(id, *node);
}

std::vector<std::string> ApiView::outputs(const NodeRegistry& registry) const {
  std::vector<std::string> ids;
  if (!graph_.is_object()) return ids;
  for (const auto& [id, node] : graph_.items()) {
    const nodes::NodeType* type = registry.find(api_class(node));
    if (type != nullptr && type->is_output) ids.push_back(id);
  }
  return ids;
}

std::set<std::string> ApiView::needed_by(const std::vector<std::string>& ids) const {
  std::vector<std::string> open = ids;
  std::set<std::string> needed(open.begin(), open.end());
  while (!open.empty()) {
    const ordered_json* node = find(open.back());
    open.pop_back();
    if (node == nullptr) continue;
    for (const ApiLink& link : api_links(*node)) {
      if (find(link.source.node_id) == nullptr) continue;
      if (needed.insert(link.source.node_id).second) open.push_back(link.source.node_id);
    }
  }
  return needed;
}

}  // namespace zanime::graph
