#include "graph/outline.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text/quoted.h"
#include "graph/api_view.h"
#include "graph/pass_through.h"
#include "graph/workflow/adapter_stacks.h"
#include "nodes/input_value.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

// A chain of thousands of nodes would be mostly blanks.
constexpr size_t kMaxIndent = 60;

bool is_missing_file(const ordered_json& node, const std::string& input_name,
                     const ordered_json& value, const NodeRegistry& registry,
                     const nodes::ModelFiles& files) {
  const nodes::NodeType* type = registry.find(api_class(node));
  const nodes::InputSpec* input = type == nullptr ? nullptr : type->find_input(input_name);
  if (input == nullptr || input->folder.empty() || !value.is_string()) return false;
  return nodes::check_value(*input, value, files).kind == ErrorKind::kFile;
}

std::string mark_of(const ordered_json& node, const NodeRegistry& registry) {
  const std::string class_name = api_class(node);
  if (registry.find(class_name) != nullptr) return "";
  if (class_name.empty()) return "  [not a node]";
  if (find_pass_through(class_name) != nullptr) return "  [only hands on]";
  if (is_adapter_stack(class_name)) return "  [loads adapters]";
  if (registry.is_left_out(class_name)) return "  [extra node, not switched on]";
  const std::string pack = api_meta(node, "pack");
  return "  [unknown node" + (pack.empty() ? "" : " of the pack " + text::quoted(pack)) + "]";
}

std::string shown_value(const ordered_json& value) {
  if (value.is_string()) return text::quoted(value.get<std::string>());
  return value.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

class TreeWriter {
 public:
  TreeWriter(const ordered_json& graph, const NodeRegistry& registry,
             const nodes::ModelFiles& files)
      : graph_(graph), view_(graph), registry_(registry), files_(files) {}

  std::string write() {
    const std::vector<std::string> outputs = view_.outputs(registry_);
    for (const std::string& id : outputs) show(id);
    if (outputs.empty()) text_ += "no output node: there is nothing to run\n";
    bool first = true;
    for (const auto& [id, node] : graph_.items()) {
      if (shown_.contains(id)) continue;
      if (first) text_ += "\nneeded by no output:\n";
      first = false;
      text_ += "  " + describe_api_node(id, node) + mark_of(node, registry_) + "\n";
    }
    return std::move(text_);
  }

 private:
  // A line still to write: a node behind an input, or a finished text.
  struct Line {
    size_t indent = 0;
    std::string text;
    std::string node_id;  // empty: nothing follows
  };

  // Without recursion: a chain may have thousands of nodes.
  void show(const std::string& root) {
    std::vector<Line> open{{0, "", root}};
    while (!open.empty()) {
      const Line line = std::move(open.back());
      open.pop_back();
      text_ += std::string(std::min(line.indent, kMaxIndent), ' ') + line.text;
      if (line.node_id.empty()) {
        text_ += '\n';
        continue;
      }
      const ordered_json& node = *view_.find(line.node_id);
      text_ += describe_api_node(line.node_id, node);
      const bool is_new = shown_.insert(line.node_id).second;
      text_ += is_new ? mark_of(node, registry_) : "  (see above)";
      text_ += '\n';
      if (!is_new || api_inputs(node) == nullptr) continue;
      std::vector<Line> below = lines_of(node, line.indent + 2);
      open.insert(open.end(), std::make_move_iterator(below.rbegin()),
                  std::make_move_iterator(below.rend()));
    }
  }

  // Values first, so that they stand beside their node.
  std::vector<Line> lines_of(const ordered_json& node, size_t indent) const {
    std::vector<Line> values, links;
    for (const auto& [name, value] : api_inputs(node)->items()) {
      const std::string label = text::escaped(name);
      const auto link = as_link(value);
      if (!link) {
        const bool missing = is_missing_file(node, name, value, registry_, files_);
        values.push_back(
            {indent, label + " = " + shown_value(value) + (missing ? "  [missing file]" : ""), ""});
        continue;
      }
      const std::string output =
          link->output == 0 ? "" : "output " + std::to_string(link->output) + " of ";
      if (view_.find(link->node_id) != nullptr) {
        links.push_back({indent, label + ": " + output, link->node_id});
      } else {
        links.push_back(
            {indent, label + ": node " + text::quoted(link->node_id) + "  [not in the graph]", ""});
      }
    }
    values.insert(values.end(), std::make_move_iterator(links.begin()),
                  std::make_move_iterator(links.end()));
    return values;
  }

  const ordered_json& graph_;
  ApiView view_;
  const NodeRegistry& registry_;
  const nodes::ModelFiles& files_;
  std::string text_;
  std::set<std::string> shown_;
};

}  // namespace

std::string graph_tree(const ordered_json& graph, const NodeRegistry& registry,
                       const nodes::ModelFiles& files) {
  if (!graph.is_object()) {
    throw Error(ErrorKind::kGraph, "a graph must be a JSON object of nodes, but this is " +
                                       std::string(graph.type_name()));
  }
  return TreeWriter(graph, registry, files).write();
}

ordered_json graph_outline(const ordered_json& graph, const NodeRegistry& registry,
                           const nodes::ModelFiles& files) {
  if (!graph.is_object()) {
    throw Error(ErrorKind::kGraph, "a graph must be a JSON object of nodes, but this is " +
                                       std::string(graph.type_name()));
  }
  const ApiView view(graph);
  const std::vector<std::string> outputs = view.outputs(registry);
  const std::set<std::string> needed = view.needed_by(outputs);
  ordered_json nodes = ordered_json::array();
  for (const auto& [id, node] : graph.items()) {
    const ordered_json* found = api_inputs(node);
    const ordered_json inputs = found == nullptr ? ordered_json::object() : *found;
    ordered_json missing = ordered_json::array();
    for (const auto& [name, value] : inputs.items()) {
      if (is_missing_file(node, name, value, registry, files)) missing.push_back(name);
    }
    ordered_json entry = ordered_json::object();
    entry["id"] = id;
    entry["class"] = api_class(node);
    entry["title"] = api_title(node);
    entry["known"] = registry.find(api_class(node)) != nullptr ||
                     find_pass_through(api_class(node)) != nullptr ||
                     is_adapter_stack(api_class(node));
    entry["needed"] = needed.contains(id);
    entry["inputs"] = inputs;
    entry["missing_files"] = std::move(missing);
    if (const std::string pack = api_meta(node, "pack"); !pack.empty()) entry["pack"] = pack;
    nodes.push_back(std::move(entry));
  }
  ordered_json outline = ordered_json::object();
  outline["outputs"] = outputs;
  outline["nodes"] = std::move(nodes);
  return outline;
}

}  // namespace zanime::graph
