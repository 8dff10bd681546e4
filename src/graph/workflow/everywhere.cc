#include "graph/workflow/everywhere.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

constexpr std::string_view kAnything = "Anything Everywhere";
constexpr std::string_view kPrompts = "Prompts Everywhere";
constexpr std::string_view kSeed = "Seed Everywhere";

std::string number_or_text(const ordered_json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

// An output that is given away.
struct Gift {
  std::string origin;
  size_t slot = 0;
  std::string type;
  std::string word;      // that the input's name must hold; empty: any
  bool is_seed = false;  // for widgets called so
};

bool takes(const EditorInput& input, const Gift& gift) {
  if (gift.is_seed) return input.widget == "seed" || input.widget == "noise_seed";
  return input.widget.empty() && input.type == gift.type &&
         input.name.find(gift.word) != std::string::npos;
}

// Patterns of names, groups and colours, and its three old widgets for them.
bool has_rules(const EditorNode& node) {
  if (node.type == "Anything Everywhere?") return true;
  const ordered_json& values = node.widget_values;
  if (!values.is_array()) return false;
  for (const ordered_json& value : values) {
    if (value.is_string() && !value.get_ref<const std::string&>().empty()) return true;
  }
  return false;
}

class Linker {
 public:
  Linker(EditorGraph& graph, std::vector<std::string>* warnings)
      : graph_(graph), warnings_(warnings) {}

  // The links that the file records.
  void link_recorded(const ordered_json& links) {
    for (const ordered_json& link : links) {
      if (!link.is_object()) continue;
      const auto target = graph_.by_id.find(number_or_text(link, "downstream"));
      const std::string origin = number_or_text(link, "upstream");
      if (target == graph_.by_id.end() || graph_.find(origin) == nullptr) continue;
      std::vector<EditorInput>& inputs = graph_.nodes[target->second].inputs;
      const size_t slot = slot_of(link, "downstream_slot");
      if (slot >= inputs.size() || inputs[slot].link) continue;
      connect(inputs[slot], {origin, slot_of(link, "upstream_slot"), "", "", false});
    }
  }

  void link_by_type() {
    std::vector<Gift> gifts;
    for (const EditorNode& node : graph_.nodes) {
      if (!is_everywhere_node(node.type) || node.mode != NodeMode::kActive) continue;
      if (has_rules(node)) {
        warn(node.describe() + ": gives its inputs to others by rules that are not known here; " +
             "the nodes that need them lack them (Use Everywhere can turn its links into real "
             "ones)");
        continue;
      }
      for (const EditorInput& input : node.inputs) {
        if (auto gift = gift_of(node, input)) gifts.push_back(std::move(*gift));
      }
    }
    for (EditorNode& node : graph_.nodes) {
      if (is_everywhere_node(node.type)) continue;
      for (EditorInput& input : node.inputs) {
        if (input.link) continue;
        for (const Gift& gift : gifts) {
          if (gift.origin == node.id || !takes(input, gift)) continue;
          connect(input, gift);
          break;
        }
      }
    }
  }

 private:
  static size_t slot_of(const ordered_json& link, const char* name) {
    const auto found = link.find(name);
    const int64_t slot =
        found != link.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
    return static_cast<size_t>(std::max<int64_t>(slot, 0));
  }

  std::optional<Gift> gift_of(const EditorNode& node, const EditorInput& input) const {
    const auto link = input.link ? graph_.links.find(*input.link) : graph_.links.end();
    if (link == graph_.links.end()) return std::nullopt;
    const EditorNode* origin = graph_.find(link->second.origin);
    const size_t slot = link->second.origin_slot;
    Gift gift{link->second.origin, slot, input.type, "", node.type == kSeed};
    if (origin != nullptr && slot < origin->output_types.size() &&
        origin->output_types[slot] != "*") {
      gift.type = origin->output_types[slot];
    }
    if (node.type == kPrompts) {
      const bool is_negative = &input != &node.inputs.front();
      gift.word = is_negative ? "negative" : "positive";
    }
    return gift;
  }

  void connect(EditorInput& input, const Gift& gift) {
    const std::string id = "everywhere " + std::to_string(count_++);
    graph_.links[id] = {gift.origin, gift.slot, "", 0};
    input.link = id;
  }

  void warn(const std::string& text) {
    if (warnings_ != nullptr) warnings_->push_back(text);
  }

  EditorGraph& graph_;
  std::vector<std::string>* warnings_;
  size_t count_ = 0;
};

}  // namespace

bool is_everywhere_node(const std::string& type) {
  return type.starts_with(kAnything) || type == kPrompts || type == kSeed;
}

void link_everywhere(const ordered_json& json, EditorWorkflow& workflow,
                     std::vector<std::string>* warnings) {
  Linker root(workflow.root, warnings);
  const auto extra = json.find("extra");
  const ordered_json none;
  const ordered_json recorded =
      extra != json.end() && extra->is_object() ? extra->value("ue_links", none) : none;
  if (recorded.is_array() && !recorded.empty()) {
    root.link_recorded(recorded);
  } else {
    root.link_by_type();
  }
  for (auto& [id, graph] : workflow.subgraphs) Linker(graph, warnings).link_by_type();
}

}  // namespace zanime::graph
