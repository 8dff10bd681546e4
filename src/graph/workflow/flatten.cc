#include "graph/workflow/flatten.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/text/quoted.h"
#include "graph/limits.h"
#include "graph/workflow/widget_values.h"
#include "nodes/input_value.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

constexpr int kMaxNesting = 32;
// Reroutes, bypassed nodes and borders of subgraphs between an input and its source.
constexpr int kMaxHops = 1000;

// The root, or one subgraph in the place of one of its nodes.
struct Scope {
  const EditorGraph* graph = nullptr;
  const Scope* parent = nullptr;
  const EditorNode* instance = nullptr;  // the node in the parent's graph
  std::string prefix;                    // of the ids within
  std::map<std::string, ordered_json> port_values;
  std::map<std::pair<std::string, std::string>, ordered_json> widget_overrides;
  std::map<std::string, std::unique_ptr<Scope>> children;  // by node id
  std::map<std::string, const EditorNode*> setters;        // SetNode by the name it sets

  std::string instance_id() const { return parent->prefix + instance->id; }
};

bool is_reroute(const EditorNode& node) {
  return node.type == "Reroute" || node.type == "Reroute (rgthree)";
}

bool is_setter(const EditorNode& node) {
  return node.type == "SetNode" || node.type == "easy setNode";
}
bool is_getter(const EditorNode& node) {
  return node.type == "GetNode" || node.type == "easy getNode";
}
bool is_primitive(const EditorNode& node) { return node.type == "PrimitiveNode"; }

// Types may be lists, "FLOAT,INT"; "*" fits everything.
bool editor_types_fit(const std::string& from, const std::string& to) {
  if (from.empty() || to.empty() || from == "*" || to == "*") return true;
  size_t start = 0;
  while (start <= from.size()) {
    const size_t comma = std::min(from.find(',', start), from.size());
    const std::string one = from.substr(start, comma - start);
    if (("," + to + ",").find("," + one + ",") != std::string::npos) return true;
    start = comma + 1;
  }
  return false;
}

// The input that a bypassed node hands on at an output: the one at the same place where its type
// fits, else the first of exactly the type, else the first that fits.
const EditorInput* bypass_input(const EditorNode& node, size_t slot,
                                const std::string& wanted_type) {
  const std::vector<EditorInput>& inputs = node.inputs;
  if (inputs.empty()) return nullptr;
  if (wanted_type == "*" || wanted_type.empty()) {
    return slot < inputs.size() ? &inputs[slot] : &inputs.front();
  }
  const std::string& type = slot < node.output_types.size() ? node.output_types[slot] : wanted_type;
  if (slot < inputs.size() && editor_types_fit(inputs[slot].type, type)) return &inputs[slot];
  for (const EditorInput& input : inputs) {
    if (input.type == wanted_type) return &input;
  }
  for (const EditorInput& input : inputs) {
    if (editor_types_fit(input.type, wanted_type)) return &input;
  }
  return nullptr;
}

class Flattener {
 public:
  explicit Flattener(const EditorWorkflow& workflow) : workflow_(workflow) {}

  FlatWorkflow flatten() {
    Scope root;
    root.graph = &workflow_.root;
    expand(root, 0);
    emit(root);
    return std::move(result_);
  }

 private:
  const EditorGraph* subgraph_of(const EditorNode& node) const {
    const auto found = workflow_.subgraphs.find(node.type);
    return found == workflow_.subgraphs.end() ? nullptr : &found->second;
  }

  // Makes the scopes of all subgraphs that run.
  void expand(Scope& scope, int depth) {
    count_ += scope.graph->nodes.size();
    if (count_ > kMaxNodes) {
      throw Error(ErrorKind::kGraph, "the workflow has more than " + std::to_string(kMaxNodes) +
                                         " nodes, counting those of its subgraphs at each place "
                                         "where they stand");
    }
    for (const EditorNode& node : scope.graph->nodes) {
      if (is_setter(node)) scope.setters.emplace(first_widget_text(node), &node);
      const EditorGraph* graph = subgraph_of(node);
      if (graph == nullptr || node.mode != NodeMode::kActive) continue;
      for (const Scope* outer = &scope; outer != nullptr; outer = outer->parent) {
        if (outer->graph != graph) continue;
        throw Error(ErrorKind::kGraph, node.describe(scope.prefix) + ": the subgraph " +
                                           text::quoted(graph->name) + " contains itself");
      }
      if (depth == kMaxNesting) {
        throw Error(ErrorKind::kGraph, node.describe(scope.prefix) +
                                           ": subgraphs are nested more "
                                           "than " +
                                           std::to_string(kMaxNesting) + " deep");
      }
      auto child = std::make_unique<Scope>();
      child->graph = graph;
      child->parent = &scope;
      child->instance = &node;
      child->prefix = scope.prefix + node.id + ":";
      read_instance_values(*child);
      expand(*child, depth + 1);
      scope.children.emplace(node.id, std::move(child));
    }
  }

  static std::string first_widget_text(const EditorNode& node) {
    const ordered_json& values = node.widget_values;
    if (!values.is_array() || values.empty() || !values[0].is_string()) return "";
    return values[0].get<std::string>();
  }

  // The values that a subgraph's node has for what it shows of its inside.
  static void read_instance_values(Scope& scope) {
    const EditorNode& node = *scope.instance;
    const auto set = [&](const std::string& inner_id, const std::string& name,
                         const ordered_json& value) {
      if (value.is_null()) return;
      if (inner_id == "-1") {
        scope.port_values.insert_or_assign(name, value);
      } else {
        scope.widget_overrides.insert_or_assign({inner_id, name}, value);
      }
    };
    const ordered_json& values = node.widget_values;
    if (!node.proxy_widgets.empty() && values.is_array()) {
      // Where the lists differ in length it is unknown what belongs to what; the nodes within have
      // values of their own.
      if (values.size() == node.proxy_widgets.size()) {
        for (size_t i = 0; i < values.size(); ++i) {
          set(node.proxy_widgets[i].first, node.proxy_widgets[i].second, values[i]);
        }
      }
    } else {
      for (auto& [name, value] : named_widget_values(node, nullptr)) set("-1", name, value);
    }
    // What the node around this one sets of it.
    for (const auto& [key, value] : scope.parent->widget_overrides) {
      if (key.first != node.id) continue;
      const std::vector<std::string>& ports = scope.graph->inputs;
      if (std::find(ports.begin(), ports.end(), key.second) != ports.end()) {
        set("-1", key.second, value);
        continue;
      }
      for (const auto& [inner_id, name] : node.proxy_widgets) {
        if (name == key.second) set(inner_id, name, value);
      }
    }
  }

  void emit(const Scope& scope) {
    for (const EditorNode& node : scope.graph->nodes) {
      if (node.mode != NodeMode::kActive) continue;
      if (const auto child = scope.children.find(node.id); child != scope.children.end()) {
        promote_proxies(*child->second);
        emit(*child->second);
        continue;
      }
      if (is_reroute(node) || is_setter(node) || is_getter(node) || is_primitive(node)) continue;
      emit_node(scope, node);
    }
  }

  void emit_node(const Scope& scope, const EditorNode& node) {
    FlatNode flat;
    flat.id = scope.prefix + node.id;
    flat.node = &node;
    for (const auto& [key, value] : scope.widget_overrides) {
      if (key.first == node.id) flat.widget_overrides.emplace(key.second, value);
    }
    for (const EditorInput& input : node.inputs) {
      if (!input.link) continue;
      FlatInput result;
      result.name = input.widget.empty() ? input.name : input.widget;
      result.source = resolve(scope, flat.id, result.name, input, result.lost);
      flat.inputs.push_back(std::move(result));
    }
    result_.nodes.push_back(std::move(flat));
  }

  // Follows a link to what gives a value. `lost` gets the reason when nothing does.
  FlatSource resolve(const Scope& start, const std::string& flat_id, const std::string& input_name,
                     const EditorInput& input, std::string& lost) {
    const Scope* scope = &start;
    std::string link_id = *input.link;
    for (int hop = 0; hop < kMaxHops; ++hop) {
      const auto found = scope->graph->links.find(link_id);
      if (found == scope->graph->links.end()) {
        lost = "its link " + text::quoted(link_id) + " is not in the file";
        return {};
      }
      const EditorLink& link = found->second;

      const EditorInput* next = nullptr;
      if (scope->parent != nullptr && link.origin == scope->graph->input_node) {
        // Out through an input of the subgraph.
        const EditorInput* port = nullptr;
        const std::string name = port_at(*scope, link.origin_slot, port);
        promote(*scope, name, port, flat_id, input_name, /*is_port=*/true);
        if (port == nullptr || !port->link) {
          const auto value = scope->port_values.find(name);
          if (value != scope->port_values.end()) return value->second;
          lost = "nothing is linked to the input " + text::quoted(name) + " of " +
                 scope->instance->describe(scope->parent->prefix);
          return {};
        }
        next = port;
        scope = scope->parent;
        link_id = *next->link;
        continue;
      }

      const EditorNode* origin = scope->graph->find(link.origin);
      if (origin == nullptr) {
        lost = "it is linked to node " + text::quoted(link.origin) + ", which is not in the file";
        return {};
      }
      const std::string origin_name = origin->describe(scope->prefix);
      if (origin->mode == NodeMode::kMuted) {
        lost = origin_name + " is muted";
        return {};
      }
      if (origin->mode == NodeMode::kBypassed) {
        next = bypass_input(*origin, link.origin_slot, input.type);
        if (next == nullptr || !next->link) {
          lost = origin_name + " is bypassed and has nothing of this type to hand on";
          return {};
        }
        link_id = *next->link;
        continue;
      }
      if (const auto child = scope->children.find(origin->id); child != scope->children.end()) {
        // In through an output of the subgraph.
        const std::string* inner = link_to_output(*child->second->graph, link.origin_slot);
        if (inner == nullptr) {
          lost = "nothing within is linked to output " + std::to_string(link.origin_slot) + " of " +
                 origin_name;
          return {};
        }
        scope = child->second.get();
        link_id = *inner;
        continue;
      }
      if (is_primitive(*origin)) {
        if (auto value = primitive_value(*scope, *origin)) return std::move(*value);
        lost = origin_name + " has no value";
        return {};
      }
      if (is_getter(*origin)) {
        const std::string name = first_widget_text(*origin);
        const Scope* holder = scope;
        while (holder != nullptr && !holder->setters.contains(name)) holder = holder->parent;
        if (holder == nullptr) {
          lost = origin_name + " gets " + text::quoted(name) + ", which no SetNode sets";
          return {};
        }
        scope = holder;
        origin = holder->setters.at(name);
      } else if (!is_reroute(*origin) && !is_setter(*origin)) {
        return Link{scope->prefix + origin->id, static_cast<int>(link.origin_slot)};
      }
      if (origin->inputs.empty() || !origin->inputs.front().link) {
        lost = "nothing is linked to " + origin->describe(scope->prefix);
        return {};
      }
      link_id = *origin->inputs.front().link;
    }
    throw Error(ErrorKind::kGraph, "node " + flat_id + ": the links to its input " +
                                       text::quoted(input_name) +
                                       " form a circle of reroutes, bypassed "
                                       "nodes or subgraphs");
  }

  // The name of a subgraph's input, and what stands for it on the subgraph's node.
  static std::string port_at(const Scope& scope, size_t slot, const EditorInput*& port) {
    const std::vector<std::string>& names = scope.graph->inputs;
    const std::string name = slot < names.size() ? names[slot] : std::to_string(slot);
    port = scope.instance->find_input(name);
    if (port == nullptr && slot >= names.size() && slot < scope.instance->inputs.size()) {
      port = &scope.instance->inputs[slot];
    }
    return name;
  }

  const std::string* link_to_output(const EditorGraph& graph, size_t slot) {
    auto known = output_links_.find(&graph);
    if (known == output_links_.end()) {
      known = output_links_.try_emplace(&graph).first;
      for (const auto& [id, link] : graph.links) {
        if (link.target == graph.output_node) known->second.emplace(link.target_slot, &id);
      }
    }
    const auto found = known->second.find(slot);
    return found == known->second.end() ? nullptr : found->second;
  }

  static std::optional<ordered_json> primitive_value(const Scope& scope, const EditorNode& node) {
    const auto override = scope.widget_overrides.find({node.id, "value"});
    if (override != scope.widget_overrides.end()) return override->second;
    const ordered_json& values = node.widget_values;
    const ordered_json* value = nullptr;
    if (values.is_array() && !values.empty()) value = &values[0];
    if (values.is_object() && values.contains("value")) value = &values["value"];
    if (value == nullptr || value->is_null()) return std::nullopt;
    return *value;
  }

  void promote(const Scope& scope, const std::string& name, const EditorInput* port,
               const std::string& node_id, const std::string& input, bool is_port) {
    const std::string& title = scope.instance->title;
    result_.promoted.push_back({scope.instance_id(), title.empty() ? scope.graph->name : title,
                                name, port == nullptr ? "" : port->label, node_id, input, is_port});
  }

  void promote_proxies(const Scope& scope) {
    for (const auto& [inner_id, name] : scope.instance->proxy_widgets) {
      if (inner_id == "-1" || scope.graph->find(inner_id) == nullptr) continue;
      if (name == "control_after_generate") continue;
      promote(scope, name, nullptr, scope.prefix + inner_id, name, /*is_port=*/false);
    }
  }

  const EditorWorkflow& workflow_;
  FlatWorkflow result_;
  size_t count_ = 0;
  // Of each subgraph, what its outputs are linked to: ids of links by slot.
  std::map<const EditorGraph*, std::map<size_t, const std::string*>> output_links_;
};

}  // namespace

FlatWorkflow flatten(const EditorWorkflow& workflow) { return Flattener(workflow).flatten(); }

}  // namespace zanime::graph
