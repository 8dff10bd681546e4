// A workflow as ComfyUI's editor saves it (Workflow > Save): nodes with numbered slots, links
// between slots, values of widgets by place, subgraphs in `definitions`. Read as it stands; what it
// means is for flatten.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace zanime::graph {

// What `mode` says of a node. Everything else counts as kActive.
enum class NodeMode { kActive, kMuted, kBypassed };

struct EditorInput {
  std::string name;
  std::string label;  // what the editor shows in place of the name; empty without
  std::string type;
  std::string widget;  // the widget that the input stands for; empty for a plain slot
  std::optional<std::string> link;
};

struct EditorNode {
  std::string id;
  std::string type;   // a class name, or the id of a subgraph
  std::string title;  // empty without
  // What names of files call it (queue_texts.h): "Node name for S&R" of its properties.
  std::string search_name;
  NodeMode mode = NodeMode::kActive;
  std::vector<EditorInput> inputs;
  std::vector<std::string> output_types;
  nlohmann::ordered_json widget_values;  // a list, an object, or null
  // [node id, widget name]: what a subgraph's node shows of the nodes in it. The id "-1" stands for
  // an input of the subgraph itself.
  std::vector<std::pair<std::string, std::string>> proxy_widgets;
  std::string pack;  // where the node comes from, as far as the file says

  const EditorInput* find_input(const std::string& input_name) const;
  // `KSampler (node 8)`, for messages; `prefix` goes before the id.
  std::string describe(const std::string& prefix = "") const;
};

struct EditorLink {
  std::string origin;
  size_t origin_slot = 0;
  std::string target;
  size_t target_slot = 0;
};

// The root, or one subgraph definition.
struct EditorGraph {
  std::string name;
  std::vector<EditorNode> nodes;
  std::map<std::string, size_t> by_id;
  std::map<std::string, EditorLink> links;
  // Of a subgraph: the names of its inputs, and the pseudo nodes that its inner links start and
  // end at.
  std::vector<std::string> inputs;
  std::string input_node = "-10";
  std::string output_node = "-20";

  const EditorNode* find(const std::string& id) const;
};

struct EditorWorkflow {
  EditorGraph root;
  std::map<std::string, EditorGraph> subgraphs;  // by id
};

// Is this the editor's form, rather than the API form?
bool is_editor_workflow(const nlohmann::ordered_json& json);

// One node. `where` names its place in errors. Throws as read_editor_workflow.
EditorNode read_editor_node(const nlohmann::ordered_json& json, const std::string& where);

// Throws Error(kGraph) naming the place of what is not as the editor writes it. A link that is
// malformed is left out, so that its input counts as not linked.
EditorWorkflow read_editor_workflow(const nlohmann::ordered_json& json);

}  // namespace zanime::graph
