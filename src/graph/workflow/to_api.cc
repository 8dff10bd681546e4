#include "graph/workflow/to_api.h"

#include <set>
#include <utility>

#include "base/error.h"
#include "base/text/quoted.h"
#include "graph/api_view.h"
#include "graph/pass_through.h"
#include "graph/workflow/editor_graph.h"
#include "graph/workflow/everywhere.h"
#include "graph/workflow/group_nodes.h"
#include "graph/workflow/unwrap.h"
#include "graph/workflow/widget_values.h"
#include "nodes/input_value.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

// A list would look like a link.
ordered_json plain(ordered_json value) {
  if (!value.is_array()) return value;
  ordered_json wrapped = ordered_json::object();
  wrapped["__value__"] = std::move(value);
  return wrapped;
}

// What the editor would show for a widget that an older file has no value for.
void fill_defaults(const nodes::NodeType& type, ordered_json& inputs) {
  for (const nodes::InputSpec& input : type.inputs) {
    if (input.presence != nodes::Presence::kRequired || !input.is_widget()) continue;
    if (inputs.contains(input.name)) continue;
    if (input.default_value) {
      inputs[input.name] = *input.default_value;
    } else if (!input.options.empty()) {
      inputs[input.name] = input.options.front();
    }
  }
}

ordered_json to_api_node(const FlatNode& flat, const nodes::NodeType* type,
                         std::vector<std::string>* warnings) {
  const EditorNode& node = *flat.node;
  ordered_json inputs = ordered_json::object();
  const auto set = [&](const std::string& name, ordered_json value) {
    if (type == nullptr || type->find_input(name) != nullptr)
      inputs[name] = plain(std::move(value));
  };
  for (auto& [name, value] : named_widget_values(node, type)) set(name, std::move(value));
  for (const auto& [name, value] : flat.widget_overrides) set(name, value);
  for (const FlatInput& input : flat.inputs) {
    if (const Link* link = std::get_if<Link>(&input.source)) {
      inputs[input.name] = {link->node_id, link->output};
    } else if (const auto* value = std::get_if<ordered_json>(&input.source)) {
      set(input.name, *value);
    } else if (type != nullptr && warnings != nullptr && !inputs.contains(input.name)) {
      const nodes::InputSpec* spec = type->find_input(input.name);
      if (spec == nullptr || spec->presence != nodes::Presence::kRequired) continue;
      warnings->push_back(node.type + " (node " + flat.id + "): input `" + input.name +
                          "` gets nothing: " + input.lost);
    }
  }
  if (type != nullptr) fill_defaults(*type, inputs);

  ordered_json meta = {{"title", node.title.empty() ? node.type : node.title}};
  if (type == nullptr && !node.pack.empty()) meta["pack"] = node.pack;
  if (!node.search_name.empty() && node.search_name != node.type) meta["name"] = node.search_name;
  return {{"class_type", node.type}, {"inputs", std::move(inputs)}, {"_meta", std::move(meta)}};
}

bool is_ignored(const EditorNode& node, const nodes::NodeType* type) {
  if (is_everywhere_node(node.type)) return true;
  const PassThrough* known = find_pass_through(node.type);
  return type == nullptr && known != nullptr && known->kind == PassThroughKind::kIgnored;
}

}  // namespace

ApiWorkflow to_api(const ordered_json& wrapped, const NodeRegistry& registry,
                   std::vector<std::string>* warnings) {
  const ordered_json& json = unwrapped(wrapped);
  if (!is_editor_workflow(json)) return {json};
  EditorWorkflow workflow = read_editor_workflow(json);
  expand_group_nodes(json, registry, workflow, warnings);
  link_everywhere(json, workflow, warnings);
  FlatWorkflow flat = flatten(workflow);
  ApiWorkflow result{ordered_json::object(), true, std::move(flat.promoted)};
  std::set<std::string> ids;
  for (const FlatNode& node : flat.nodes) {
    const nodes::NodeType* type = registry.find(node.node->type);
    if (is_ignored(*node.node, type)) continue;
    if (!ids.insert(node.id).second) {
      throw Error(ErrorKind::kGraph, "two nodes have the id " + text::quoted(node.id));
    }
    append_member(result.graph, node.id, to_api_node(node, type, warnings));
  }
  return result;
}

}  // namespace zanime::graph
