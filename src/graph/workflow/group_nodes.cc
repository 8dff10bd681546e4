#include "graph/workflow/group_nodes.h"

#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/text/quoted.h"
#include "graph/limits.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

constexpr size_t kMark = std::string_view("workflow>").size();

const ordered_json* group_list(const ordered_json& json, const char* name) {
  const auto found = json.find(name);
  return found != json.end() && found->is_array() ? &*found : nullptr;
}

std::optional<size_t> index_at(const ordered_json& list, size_t i) {
  if (!list.is_array() || i >= list.size() || !list[i].is_number_integer()) return std::nullopt;
  const auto index = list[i].get<int64_t>();
  return index >= 0 ? std::optional(static_cast<size_t>(index)) : std::nullopt;
}

// One group node on its way to a subgraph of its own.
class GroupExpander {
 public:
  GroupExpander(EditorNode& instance, const std::string& name, const ordered_json& definition,
                const NodeRegistry& registry)
      : instance_(instance), definition_(definition), registry_(registry) {
    graph_.name = name;
  }

  EditorGraph expand(std::vector<std::string>* warnings) {
    read_nodes();
    link_inside();
    add_plain_inputs();
    add_widget_inputs();
    add_outputs();
    if (!share_out_widget_values() && warnings != nullptr) {
      warnings->push_back(instance_.describe() +
                          ": its values cannot be told apart, as the nodes within the group have " +
                          "others; those within count");
    }
    return std::move(graph_);
  }

 private:
  void read_nodes() {
    const ordered_json* nodes = group_list(definition_, "nodes");
    if (nodes == nullptr) return;
    for (size_t i = 0; i < nodes->size(); ++i) {
      ordered_json json = (*nodes)[i];
      if (json.is_object()) json["id"] = i;
      EditorNode node = read_editor_node(
          json, "group node " + text::quoted(graph_.name) + ": nodes[" + std::to_string(i) + "]");
      for (EditorInput& input : node.inputs) input.link.reset();  // links of another graph
      graph_.by_id[node.id] = graph_.nodes.size();
      graph_.nodes.push_back(std::move(node));
    }
  }

  EditorInput* input_at(size_t node, size_t slot) {
    if (node >= graph_.nodes.size() || slot >= graph_.nodes[node].inputs.size()) return nullptr;
    return &graph_.nodes[node].inputs[slot];
  }

  void connect(EditorInput& input, const std::string& origin, size_t slot) {
    const std::string id = std::to_string(graph_.links.size());
    graph_.links[id] = {origin, slot, "", 0};
    input.link = id;
  }

  // [origin, its slot, target, its slot, …]; nodes by their place in the list.
  void link_inside() {
    const ordered_json* links = group_list(definition_, "links");
    if (links == nullptr) return;
    for (const ordered_json& link : *links) {
      const auto origin = index_at(link, 0), slot = index_at(link, 1);
      const auto target = index_at(link, 2), target_slot = index_at(link, 3);
      if (!origin || !slot || !target || !target_slot) continue;
      EditorInput* input = input_at(*target, *target_slot);
      if (input == nullptr || *origin >= graph_.nodes.size()) continue;
      connect(*input, std::to_string(*origin), *slot);
      used_outputs_.emplace(*origin, *slot);
    }
  }

  // The inputs of the group are the open ones within, in their order.
  void add_plain_inputs() {
    size_t next = 0;
    const auto next_of_instance = [&]() -> EditorInput* {
      while (next < instance_.inputs.size() && !instance_.inputs[next].widget.empty()) ++next;
      return next < instance_.inputs.size() ? &instance_.inputs[next++] : nullptr;
    };
    for (EditorNode& node : graph_.nodes) {
      for (EditorInput& input : node.inputs) {
        if (!input.widget.empty() || input.link) continue;
        if (EditorInput* outer = next_of_instance()) add_port(*outer, input);
      }
    }
  }

  void add_port(EditorInput& outer, EditorInput& inner) {
    const size_t slot = graph_.inputs.size();
    outer.name = std::to_string(slot);
    graph_.inputs.push_back(outer.name);
    connect(inner, graph_.input_node, slot);
  }

  // A widget with a link goes by its name, and where another node before has one of the same name,
  // by "TITLE NAME".
  void add_widget_inputs() {
    for (EditorInput& outer : instance_.inputs) {
      if (outer.widget.empty() || !outer.link) continue;
      for (EditorNode& node : graph_.nodes) {
        const std::string title = (node.title.empty() ? node.type : node.title) + " ";
        const bool is_titled = outer.widget.starts_with(title);
        const std::string name = is_titled ? outer.widget.substr(title.size()) : outer.widget;
        if (!has_widget(node, name)) continue;
        EditorInput* inner = open_widget_input(node, name);
        if (inner == nullptr) continue;
        outer.widget.clear();
        add_port(outer, *inner);
        break;
      }
    }
  }

  bool has_widget(const EditorNode& node, const std::string& name) const {
    const nodes::NodeType* type = registry_.find(node.type);
    const nodes::InputSpec* input = type == nullptr ? nullptr : type->find_input(name);
    if (input != nullptr) return input->is_widget();
    const EditorInput* listed = node.find_input(name);
    return listed != nullptr && !listed->widget.empty();
  }

  // Null where it has a link already.
  static EditorInput* open_widget_input(EditorNode& node, const std::string& name) {
    for (EditorInput& input : node.inputs) {
      if (input.widget == name) return input.link ? nullptr : &input;
    }
    node.inputs.push_back({name, "", "*", name, std::nullopt});
    return &node.inputs.back();
  }

  // The outputs of the group are those that nothing within takes, or that are marked as external.
  void add_outputs() {
    std::set<std::pair<size_t, size_t>> external;
    if (const ordered_json* list = group_list(definition_, "external")) {
      for (const ordered_json& output : *list) {
        const auto node = index_at(output, 0), slot = index_at(output, 1);
        if (node && slot) external.emplace(*node, *slot);
      }
    }
    size_t count = 0;
    for (size_t i = 0; i < graph_.nodes.size(); ++i) {
      for (size_t slot = 0; slot < graph_.nodes[i].output_types.size(); ++slot) {
        if (used_outputs_.contains({i, slot}) && !external.contains({i, slot})) continue;
        graph_.links["output " + std::to_string(count)] = {std::to_string(i), slot,
                                                           graph_.output_node, count};
        ++count;
      }
    }
  }

  // The group has the values of all nodes within, one after another. False where it has not.
  bool share_out_widget_values() {
    const ordered_json& values = instance_.widget_values;
    if (!values.is_array()) return values.is_null();
    size_t count = 0;
    for (const EditorNode& node : graph_.nodes) {
      if (node.widget_values.is_array()) count += node.widget_values.size();
    }
    if (count != values.size()) return values.empty();
    size_t next = 0;
    for (EditorNode& node : graph_.nodes) {
      if (!node.widget_values.is_array()) continue;
      for (ordered_json& value : node.widget_values) value = values[next++];
    }
    return true;
  }

  EditorNode& instance_;
  const ordered_json& definition_;
  const NodeRegistry& registry_;
  EditorGraph graph_;
  std::set<std::pair<size_t, size_t>> used_outputs_;  // node, slot
};

}  // namespace

bool is_group_node(const std::string& type) {
  return type.starts_with("workflow>") || type.starts_with("workflow/");
}

void expand_group_nodes(const ordered_json& json, const NodeRegistry& registry,
                        EditorWorkflow& workflow, std::vector<std::string>* warnings) {
  const auto extra = json.find("extra");
  if (extra == json.end() || !extra->is_object()) return;
  const auto groups = extra->find("groupNodes");
  if (groups == extra->end() || !groups->is_object()) return;
  size_t count = 0;
  for (EditorNode& node : workflow.root.nodes) {
    if (!is_group_node(node.type)) continue;
    const std::string name = node.type.substr(kMark);
    const auto definition = groups->find(name);
    if (definition == groups->end() || !definition->is_object()) continue;
    EditorGraph graph = GroupExpander(node, name, *definition, registry).expand(warnings);
    count += graph.nodes.size();
    if (count > kMaxNodes) {
      throw Error(ErrorKind::kGraph,
                  "the group nodes hold more than " + std::to_string(kMaxNodes) + " nodes");
    }
    if (node.title.empty()) node.title = name;
    node.type += " of node " + node.id;
    workflow.subgraphs.insert_or_assign(node.type, std::move(graph));
  }
}

}  // namespace zanime::graph
