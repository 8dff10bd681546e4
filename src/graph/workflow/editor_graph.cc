#include "graph/workflow/editor_graph.h"

#include <utility>

#include "base/error.h"
#include "base/text/quoted.h"
#include "graph/limits.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

constexpr int64_t kMaxSlot = 10000;

[[noreturn]] void fail(const std::string& where, const std::string& what) {
  throw Error(ErrorKind::kGraph, where + ": " + what);
}

// The member, or null where there is none.
const ordered_json* member(const ordered_json& json, const char* name) {
  if (!json.is_object()) return nullptr;
  const auto found = json.find(name);
  return found == json.end() ? nullptr : &*found;
}

std::string text_member(const ordered_json& json, const char* name) {
  const ordered_json* found = member(json, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : "";
}

// Ids of nodes and links are numbers or text.
std::optional<std::string> as_id(const ordered_json& json) {
  if (json.is_string() && !json.get_ref<const std::string&>().empty()) {
    return json.get<std::string>();
  }
  if (json.is_number_integer()) return json.dump();
  return std::nullopt;
}

// A slot number; text occurs in old files.
std::optional<size_t> as_slot(const ordered_json& json) {
  if (json.is_number_integer()) {
    const auto slot = json.get<int64_t>();
    return slot >= 0 && slot <= kMaxSlot ? std::optional(static_cast<size_t>(slot)) : std::nullopt;
  }
  if (json.is_string()) {
    const std::string& text = json.get_ref<const std::string&>();
    if (text.empty() || text.size() > 4) return std::nullopt;
    if (text.find_first_not_of("0123456789") != std::string::npos) return std::nullopt;
    return std::stoul(text);
  }
  return std::nullopt;
}

std::string type_text(const ordered_json& json) {
  const ordered_json* type = member(json, "type");
  if (type == nullptr) return "*";
  if (type->is_string()) return type->get<std::string>();
  // Old files list a combo's choices in place of its type; an event's slot has a number.
  return type->is_array() ? "COMBO" : "*";
}

NodeMode mode_of(const ordered_json& node) {
  const ordered_json* mode = member(node, "mode");
  if (mode == nullptr || !mode->is_number_integer()) return NodeMode::kActive;
  if (*mode == 2) return NodeMode::kMuted;
  if (*mode == 4) return NodeMode::kBypassed;
  return NodeMode::kActive;
}

EditorInput read_input(const ordered_json& json) {
  EditorInput input;
  input.name = text_member(json, "name");
  input.label = text_member(json, "label");
  input.type = type_text(json);
  if (const ordered_json* widget = member(json, "widget")) {
    input.widget = text_member(*widget, "name");
    if (input.widget.empty()) input.widget = input.name;
  }
  if (const ordered_json* link = member(json, "link")) input.link = as_id(*link);
  return input;
}

void read_properties(const ordered_json& node, EditorNode& result) {
  const ordered_json* properties = member(node, "properties");
  if (properties == nullptr) return;
  result.search_name = text_member(*properties, "Node name for S&R");
  result.pack = text_member(*properties, "cnr_id");
  const std::string repository = text_member(*properties, "aux_id");
  if (result.pack.empty()) {
    result.pack = repository;
  } else if (!repository.empty() && repository != result.pack) {
    result.pack += " (" + repository + ")";
  }
  const ordered_json* proxies = member(*properties, "proxyWidgets");
  if (proxies == nullptr || !proxies->is_array() || proxies->size() > kMaxInputs) return;
  for (const ordered_json& proxy : *proxies) {
    if (!proxy.is_array() || proxy.size() < 2 || !proxy[1].is_string()) {
      result.proxy_widgets.emplace_back();  // keeps its place
      continue;
    }
    result.proxy_widgets.emplace_back(as_id(proxy[0]).value_or(""), proxy[1].get<std::string>());
  }
}

// [id, origin, slot, target, slot, type], or an object with those names.
void read_link(const ordered_json& json, EditorGraph& graph) {
  const ordered_json* parts[5] = {};
  if (json.is_array() && json.size() >= 5) {
    for (size_t i = 0; i < 5; ++i) parts[i] = &json[i];
  } else if (json.is_object()) {
    constexpr const char* kNames[5] = {"id", "origin_id", "origin_slot", "target_id",
                                       "target_slot"};
    for (size_t i = 0; i < 5; ++i) parts[i] = member(json, kNames[i]);
  }
  for (const ordered_json* part : parts) {
    if (part == nullptr) return;
  }
  const auto id = as_id(*parts[0]);
  const auto origin = as_id(*parts[1]);
  const auto origin_slot = as_slot(*parts[2]);
  const auto target = as_id(*parts[3]);
  const auto target_slot = as_slot(*parts[4]);
  if (!id || !origin || !origin_slot || !target || !target_slot) return;
  graph.links.insert_or_assign(*id, EditorLink{*origin, *origin_slot, *target, *target_slot});
}

void read_contents(const ordered_json& json, const std::string& where, EditorGraph& graph) {
  const ordered_json* nodes = member(json, "nodes");
  if (nodes == nullptr || !nodes->is_array()) fail(where, "has no `nodes` list");
  if (nodes->size() > kMaxNodes) {
    fail(where, "has " + std::to_string(nodes->size()) + " nodes; the limit is " +
                    std::to_string(kMaxNodes));
  }
  for (size_t i = 0; i < nodes->size(); ++i) {
    EditorNode node = read_editor_node((*nodes)[i], where + ": nodes[" + std::to_string(i) + "]");
    if (!graph.by_id.emplace(node.id, graph.nodes.size()).second) {
      fail(where, "two nodes have the id " + text::quoted(node.id));
    }
    graph.nodes.push_back(std::move(node));
  }
  const ordered_json* links = member(json, "links");
  if (links == nullptr || links->is_null()) return;
  if (!links->is_array() && !links->is_object()) fail(where, "`links` must be a list");
  for (const ordered_json& link : *links) read_link(link, graph);
}

EditorGraph read_subgraph(const ordered_json& json, const std::string& id) {
  EditorGraph graph;
  graph.name = text_member(json, "name");
  const std::string where = "subgraph " + text::quoted(graph.name.empty() ? id : graph.name);
  read_contents(json, where, graph);
  const ordered_json* inputs = member(json, "inputs");
  if (inputs != nullptr && inputs->is_array()) {
    for (const ordered_json& input : *inputs) graph.inputs.push_back(text_member(input, "name"));
  }
  const auto boundary = [&](const char* name, std::string& node_id) {
    const ordered_json* node = member(json, name);
    const ordered_json* found = node == nullptr ? nullptr : member(*node, "id");
    if (found != nullptr) node_id = as_id(*found).value_or(node_id);
  };
  boundary("inputNode", graph.input_node);
  boundary("outputNode", graph.output_node);
  return graph;
}

}  // namespace

EditorNode read_editor_node(const ordered_json& json, const std::string& where) {
  if (!json.is_object()) {
    fail(where, "must be an object, but is " + std::string(json.type_name()));
  }
  EditorNode node;
  const ordered_json* id = member(json, "id");
  const auto id_text = id == nullptr ? std::nullopt : as_id(*id);
  if (!id_text) fail(where, "has no `id` that is a number or text");
  node.id = *id_text;
  node.type = text_member(json, "type");
  if (node.type.empty()) fail(where + " (id " + text::quoted(node.id) + ")", "has no `type`");
  node.title = text_member(json, "title");
  node.mode = mode_of(json);
  const ordered_json* inputs = member(json, "inputs");
  if (inputs != nullptr && inputs->is_array()) {
    if (inputs->size() > kMaxInputs) {
      fail(where + " (id " + text::quoted(node.id) + ")", "has " + std::to_string(inputs->size()) +
                                                              " inputs; the limit is " +
                                                              std::to_string(kMaxInputs));
    }
    for (const ordered_json& input : *inputs) node.inputs.push_back(read_input(input));
  }
  const ordered_json* outputs = member(json, "outputs");
  if (outputs != nullptr && outputs->is_array()) {
    for (const ordered_json& output : *outputs) node.output_types.push_back(type_text(output));
  }
  if (const ordered_json* values = member(json, "widgets_values")) node.widget_values = *values;
  read_properties(json, node);
  return node;
}

const EditorInput* EditorNode::find_input(const std::string& input_name) const {
  for (const EditorInput& input : inputs) {
    if (input.name == input_name) return &input;
  }
  return nullptr;
}

std::string EditorNode::describe(const std::string& prefix) const {
  return text::escaped(title.empty() ? type : title) + " (node " + prefix + id + ")";
}

const EditorNode* EditorGraph::find(const std::string& id) const {
  const auto found = by_id.find(id);
  return found == by_id.end() ? nullptr : &nodes[found->second];
}

bool is_editor_workflow(const ordered_json& json) {
  const ordered_json* nodes = member(json, "nodes");
  return nodes != nullptr && nodes->is_array();
}

EditorWorkflow read_editor_workflow(const ordered_json& json) {
  EditorWorkflow workflow;
  read_contents(json, "the workflow", workflow.root);
  const ordered_json* definitions = member(json, "definitions");
  const ordered_json* subgraphs =
      definitions == nullptr ? nullptr : member(*definitions, "subgraphs");
  if (subgraphs == nullptr || subgraphs->is_null()) return workflow;
  if (!subgraphs->is_array()) fail("the workflow", "`definitions.subgraphs` must be a list");
  for (size_t i = 0; i < subgraphs->size(); ++i) {
    const ordered_json& subgraph = (*subgraphs)[i];
    const std::string id = text_member(subgraph, "id");
    const std::string where = "definitions.subgraphs[" + std::to_string(i) + "]";
    if (id.empty()) fail(where, "has no `id`");
    if (!workflow.subgraphs.emplace(id, read_subgraph(subgraph, id)).second) {
      fail(where, "two subgraphs have the id " + text::quoted(id));
    }
  }
  return workflow;
}

}  // namespace zanime::graph
