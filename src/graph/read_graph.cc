#include "graph/read_graph.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "base/error.h"
#include "base/text/near_matches.h"
#include "base/text/quoted.h"
#include "graph/api_view.h"
#include "graph/limits.h"
#include "graph/missing_nodes.h"
#include "graph/pass_through.h"
#include "graph/workflow/adapter_stacks.h"
#include "graph/workflow/group_nodes.h"
#include "graph/workflow/queue_texts.h"
#include "graph/workflow/to_api.h"
#include "nodes/input_value.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

constexpr size_t kShownProblems = 40;

// What is wrong with a graph, gathered so that a person sees all of it at once.
class Problems {
 public:
  void add(const std::string& where, const std::string& what, ErrorKind kind = ErrorKind::kGraph) {
    texts_.push_back(where.empty() ? what : where + ": " + what);
    only_files_ = only_files_ && kind == ErrorKind::kFile;
  }
  bool empty() const { return texts_.empty(); }

  [[noreturn]] void raise() const {
    const ErrorKind kind = only_files_ ? ErrorKind::kFile : ErrorKind::kGraph;
    if (texts_.size() == 1) throw Error(kind, texts_.front());
    std::string message = "the graph has " + std::to_string(texts_.size()) + " problems:";
    for (size_t i = 0; i < texts_.size() && i < kShownProblems; ++i) message += "\n- " + texts_[i];
    if (texts_.size() > kShownProblems) {
      message += "\n- and " + std::to_string(texts_.size() - kShownProblems) + " more";
    }
    throw Error(kind, message);
  }

 private:
  std::vector<std::string> texts_;
  bool only_files_ = true;
};

// A node as the file has it.
struct RawNode {
  std::string id;
  std::string class_type;
  std::string title;
  std::string pack;  // that an unknown node comes from, where the file says it
  const ordered_json* inputs = nullptr;
  const nodes::NodeType* type = nullptr;

  std::string where() const { return node_label(class_type, id, title); }
};

class Reader {
 public:
  Reader(const ordered_json& json, const NodeRegistry& registry, const nodes::ModelFiles& files,
         std::vector<std::string>* warnings)
      : json_(json), registry_(registry), files_(files), warnings_(warnings) {}

  Graph read() {
    read_nodes();
    if (!problems_.empty()) problems_.raise();
    find_needed();
    Graph graph;
    graph.json = json_;
    for (const RawNode& raw : raw_) {
      if (needed_.contains(raw.id)) {
        graph.nodes.push_back(check(raw));
      } else if (left_out_.contains(raw.id)) {
        continue;
      } else if (raw.type != nullptr) {
        warn(raw.where() + ": no output needs it; it is left out");
      } else {
        warn(raw.where() + ": unknown node type; no output needs it, so it is left out");
      }
    }
    find_circles();
    if (!problems_.empty()) problems_.raise();
    return graph;
  }

 private:
  void warn(const std::string& text) {
    if (warnings_ != nullptr) warnings_->push_back(text);
  }

  const RawNode* find(const std::string& id) const {
    const auto found = by_id_.find(id);
    return found == by_id_.end() ? nullptr : &raw_[found->second];
  }

  // Ids, class names, titles; whatever is not even a node.
  void read_nodes() {
    if (!json_.is_object()) {
      problems_.add("", std::string("a graph must be a JSON object of nodes, but this is ") +
                            json_.type_name());
      return;
    }
    if (json_.empty()) {
      problems_.add("", "the graph has no nodes");
      return;
    }
    if (json_.size() > kMaxNodes) {
      problems_.add("", "the graph has " + std::to_string(json_.size()) + " nodes; the limit is " +
                            std::to_string(kMaxNodes));
      return;
    }
    for (const auto& [id, value] : json_.items()) read_node(id, value);
  }

  void read_node(const std::string& id, const ordered_json& value) {
    RawNode raw;
    raw.id = id;
    if (!value.is_object()) {
      problems_.add(raw.where(), "must be an object with `class_type` and `inputs`, but is " +
                                     std::string(value.type_name()));
      return;
    }
    raw.title = api_title(value);
    raw.pack = api_meta(value, "pack");
    raw.class_type = api_class(value);
    if (raw.class_type.empty()) {
      problems_.add(raw.where(), "has no `class_type` (the name of its node type)");
      return;
    }
    raw.inputs = api_inputs(value);
    if (raw.inputs == nullptr) {
      problems_.add(raw.where(), "has no `inputs` object");
      return;
    }
    if (raw.inputs->size() > kMaxInputs) {
      problems_.add(raw.where(), "has " + std::to_string(raw.inputs->size()) +
                                     " inputs; the limit is " + std::to_string(kMaxInputs));
      return;
    }
    raw.type = registry_.find(raw.class_type);
    by_id_[id] = raw_.size();
    raw_.push_back(std::move(raw));
  }

  // Output nodes and everything that they link to, however far. An output that cannot
  // run does not keep the others from running, as long as one of these draws.
  void find_needed() {
    std::vector<const RawNode*> outputs;
    for (const RawNode& raw : raw_) {
      if (raw.type != nullptr && raw.type->is_output) outputs.push_back(&raw);
    }
    if (outputs.empty()) {
      // What could have been an output is worth naming.
      for (const RawNode& raw : raw_) {
        if (raw.type == nullptr) problems_.add(raw.where(), why_unknown(raw));
      }
      problems_.add("",
                    "the graph has no output node, so there is nothing to run; add a SaveImage "
                    "and link it to the VAEDecode");
      return;
    }
    const std::set<std::string> unable =
        downstream_of([this](const RawNode& raw) { return is_unable(raw); });
    const std::set<std::string> drawing = downstream_of([](const RawNode& raw) {
      return raw.type != nullptr &&
             std::any_of(raw.type->inputs.begin(), raw.type->inputs.end(),
                         [](const nodes::InputSpec& input) { return input.type == "MODEL"; });
    });
    std::vector<const RawNode*> able;
    std::copy_if(outputs.begin(), outputs.end(), std::back_inserter(able),
                 [&](const RawNode* output) { return !unable.contains(output->id); });
    if (std::any_of(able.begin(), able.end(),
                    [&](const RawNode* output) { return drawing.contains(output->id); })) {
      for (const RawNode* output : outputs) {
        if (unable.contains(output->id)) leave_out(*output);
      }
      outputs = able;
    }
    needed_ = needed_by(outputs);
    for (const RawNode* raw : unable_of(needed_)) {
      if (raw->type == nullptr) problems_.add(raw->where(), why_unknown(*raw));
    }
  }

  // What keeps a node from running whatever else there is: its type is not known, or nothing is
  // linked to one of its inputs.
  static bool is_unable(const RawNode& raw) {
    return raw.type == nullptr || open_input(raw) != nullptr;
  }
  std::string why_unable(const RawNode& raw) const {
    return raw.type == nullptr ? why_unknown(raw) : missing_input(*open_input(raw));
  }

  // The first that must be linked and is not; null without.
  static const nodes::InputSpec* open_input(const RawNode& raw) {
    for (const nodes::InputSpec& input : raw.type->inputs) {
      const bool may_lack = input.presence != nodes::Presence::kRequired || input.is_widget();
      if (!may_lack && !raw.inputs->contains(input.name)) return &input;
    }
    return nullptr;
  }

  static std::string missing_input(const nodes::InputSpec& input) {
    return "the required input `" + input.name + "` (" + input.type + ") is missing";
  }

  std::set<std::string> needed_by(std::vector<const RawNode*> open) const {
    std::set<std::string> needed;
    for (const RawNode* node : open) needed.insert(node->id);
    while (!open.empty()) {
      const RawNode* node = open.back();
      open.pop_back();
      for (const auto& [name, value] : node->inputs->items()) {
        const auto link = as_link(value);
        const RawNode* source = link ? find(link->node_id) : nullptr;
        if (source != nullptr && needed.insert(source->id).second) open.push_back(source);
      }
    }
    return needed;
  }

  // The nodes of a kind, and all that take something from them, however far.
  template <class IsOfKind>
  std::set<std::string> downstream_of(const IsOfKind& is_of_kind) const {
    std::map<std::string, std::vector<const RawNode*>> takers;
    std::set<std::string> ids;
    std::vector<const RawNode*> open;
    for (const RawNode& raw : raw_) {
      for (const auto& [name, value] : raw.inputs->items()) {
        if (const auto link = as_link(value)) takers[link->node_id].push_back(&raw);
      }
      if (is_of_kind(raw) && ids.insert(raw.id).second) open.push_back(&raw);
    }
    while (!open.empty()) {
      const RawNode* node = open.back();
      open.pop_back();
      for (const RawNode* taker : takers[node->id]) {
        if (ids.insert(taker->id).second) open.push_back(taker);
      }
    }
    return ids;
  }

  std::vector<const RawNode*> unable_of(const std::set<std::string>& ids) const {
    std::vector<const RawNode*> unable;
    for (const RawNode& raw : raw_) {
      if (ids.contains(raw.id) && is_unable(raw)) unable.push_back(&raw);
    }
    return unable;
  }

  void leave_out(const RawNode& output) {
    left_out_.insert(output.id);
    if (left_out_.size() > kShownProblems) return;
    std::string needs;
    for (const RawNode* raw : unable_of(needed_by({&output}))) {
      needs += (needs.empty() ? "" : "; and ") + raw->where() + ": " + why_unable(*raw);
    }
    warn(output.where() + ": left out, and the rest is run without it, as it needs " + needs);
  }

  std::string why_unknown(const RawNode& raw) const {
    if (registry_.is_left_out(raw.class_type)) {
      return "this node type belongs to the extra nodes; switch them on with "
             "ZANIME_INIT_COMFY_EXTRA_NODES=1 or --extra-nodes";
    }
    if (const std::string_view sentence = missing_node_sentence(raw.class_type);
        !sentence.empty()) {
      return "one of ComfyUI's nodes that this program does not have: it " + std::string(sentence) +
             "; `zanime nodes --missing` lists them all";
    }
    if (is_group_node(raw.class_type)) {
      return "is a group node whose inside the file does not hold; open the workflow in the "
             "editor, convert the group node to a subgraph and save it again";
    }
    std::vector<std::string> known;
    for (const nodes::NodeType* type : registry_.all()) known.push_back(type->class_name);
    const std::vector<std::string> near = text::near_matches(raw.class_type, known);
    return "unknown node type" +
           (raw.pack.empty() ? "" : " of the pack " + text::quoted(raw.pack)) +
           (near.empty() ? std::string() : "; did you mean " + text::list_names(near, "or") + "?") +
           (near.empty() ? "; " : " ") + "`zanime nodes` lists those there are";
  }

  Node check(const RawNode& raw) {
    Node node{raw.id, raw.class_type, raw.title, raw.type, {}};
    if (raw.type == nullptr) return node;  // reported already
    for (const nodes::InputSpec& input : raw.type->inputs) {
      if (input.presence != nodes::Presence::kHidden) check_input(raw, input, node);
    }
    for (const auto& [name, value] : raw.inputs->items()) {
      if (raw.type->find_input(name) != nullptr) continue;
      std::vector<std::string> known;
      for (const nodes::InputSpec& input : raw.type->inputs) known.push_back(input.name);
      const std::vector<std::string> near = text::near_matches(name, known);
      warn(raw.where() + ": has no input " + text::quoted(name) + "; it is left out" +
           (near.empty() ? "" : " (did you mean " + text::list_names(near, "or") + "?)"));
    }
    if (raw.type->check) {
      const std::string problem = raw.type->check(nodes::Arguments(plain_values(node)));
      if (!problem.empty()) problems_.add(raw.where(), problem);
    }
    return node;
  }

  void check_input(const RawNode& raw, const nodes::InputSpec& input, Node& node) {
    const std::string name = "input `" + input.name + "` ";
    const auto found = raw.inputs->find(input.name);
    if (found == raw.inputs->end()) {
      if (input.presence == nodes::Presence::kRequired) {
        problems_.add(raw.where(), missing_input(input));
      } else if (input.is_widget()) {
        set_default(input, node);
      }
      return;
    }
    if (found->is_array()) {
      const auto link = as_link(*found);
      if (!link && !input.takes_several()) {
        problems_.add(raw.where(), name +
                                       "is a list, but a link has the form "
                                       "[\"node id\", output number]");
        return;
      }
      if (link) {
        check_link(raw, input, *link, node);
        return;
      }
    }
    nodes::CheckedValue checked = nodes::check_value(input, *found, files_);
    if (!checked.value) {
      problems_.add(raw.where(), name + checked.problem, checked.kind);
      return;
    }
    if (!checked.note.empty()) warn(raw.where() + ": " + name + checked.note);
    node.inputs.emplace(input.name, std::move(*checked.value));
  }

  void set_default(const nodes::InputSpec& input, Node& node) {
    ordered_json value;
    if (input.default_value) {
      value = *input.default_value;
    } else if (!input.options.empty()) {
      value = input.options.front();
    } else {
      return;
    }
    nodes::CheckedValue checked = nodes::check_value(input, value, files_);
    if (checked.value) node.inputs.emplace(input.name, std::move(*checked.value));
  }

  void check_link(const RawNode& raw, const nodes::InputSpec& input, const Link& link, Node& node) {
    const std::string name = "input `" + input.name + "` ";
    const RawNode* source = find(link.node_id);
    if (source == nullptr) {
      problems_.add(raw.where(), name + "links to node " + text::quoted(link.node_id) +
                                     ", which does not exist");
      return;
    }
    if (source->type == nullptr) return;  // reported as unknown
    const std::vector<nodes::OutputSpec>& outputs = source->type->outputs;
    if (link.output < 0 || static_cast<size_t>(link.output) >= outputs.size()) {
      const std::string count = outputs.empty() ? "has no outputs"
                                : outputs.size() == 1
                                    ? "has only output 0"
                                    : "has outputs 0 to " + std::to_string(outputs.size() - 1);
      problems_.add(raw.where(), name + "links to output " + (*raw.inputs)[input.name][1].dump() +
                                     " of " + source->where() + ", which " + count);
      return;
    }
    const std::string& type = outputs[static_cast<size_t>(link.output)].type;
    if (!nodes::types_fit(type, input.type)) {
      problems_.add(raw.where(), name + "takes " + input.type + ", but is linked to " +
                                     source->where() + ", whose output " +
                                     std::to_string(link.output) + " is " + type);
      return;
    }
    node.inputs.emplace(input.name, link);
  }

  // Depth-first, without recursion: a chain may have thousands of nodes.
  void find_circles() {
    enum class State { kNew, kOpen, kDone };
    std::map<std::string, State> state;
    struct Frame {
      const RawNode* node;
      std::vector<const RawNode*> sources;
      size_t next = 0;
    };
    const auto sources_of = [this](const RawNode& raw) {
      std::vector<const RawNode*> sources;
      for (const auto& [name, value] : raw.inputs->items()) {
        const auto link = as_link(value);
        const RawNode* source = link ? find(link->node_id) : nullptr;
        if (source != nullptr) sources.push_back(source);
      }
      return sources;
    };
    for (const RawNode& start : raw_) {
      if (!needed_.contains(start.id) || state[start.id] != State::kNew) continue;
      std::vector<Frame> stack{{&start, sources_of(start)}};
      state[start.id] = State::kOpen;
      while (!stack.empty()) {
        Frame& frame = stack.back();
        if (frame.next == frame.sources.size()) {
          state[frame.node->id] = State::kDone;
          stack.pop_back();
          continue;
        }
        const RawNode* source = frame.sources[frame.next++];
        if (state[source->id] == State::kNew) {
          state[source->id] = State::kOpen;
          stack.push_back({source, sources_of(*source)});
        } else if (state[source->id] == State::kOpen) {
          add_circle(stack.begin(), stack.end(), source);
        }
      }
    }
  }

  template <class Iterator>
  void add_circle(Iterator begin, Iterator end, const RawNode* back_to) {
    begin = std::find_if(begin, end, [&](const auto& frame) { return frame.node == back_to; });
    std::string text = "the links form a circle: " + back_to->where();
    // From the last node on: links point from an input to the node that gives it.
    constexpr int kShown = 12;
    int shown = 0;
    for (Iterator frame = end; frame != begin && shown < kShown; ++shown) {
      --frame;
      text += " -> " + frame->node->where();
    }
    if (shown == kShown) text += " -> …";
    problems_.add("", text);
  }

  const ordered_json& json_;
  const NodeRegistry& registry_;
  const nodes::ModelFiles& files_;
  std::vector<std::string>* warnings_;

  Problems problems_;
  std::vector<RawNode> raw_;
  std::map<std::string, size_t> by_id_;
  std::set<std::string> needed_;
  std::set<std::string> left_out_;  // outputs that cannot run
};

}  // namespace

Graph read_graph(const ordered_json& json, const NodeRegistry& registry,
                 const nodes::ModelFiles& files, std::vector<std::string>* warnings) {
  const ordered_json whole = to_api(json, registry, warnings).graph;
  ordered_json graph =
      resolve_pass_through(expand_adapter_stacks(whole, registry), registry, warnings);
  fill_in_file_names(graph, whole, registry, warnings);
  return Reader(graph, registry, files, warnings).read();
}

}  // namespace zanime::graph
