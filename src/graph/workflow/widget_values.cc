#include "graph/workflow/widget_values.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "graph/pass_through.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

bool is_control_word(const ordered_json& value) {
  constexpr std::array<std::string_view, 5> kWords = {"fixed", "increment", "decrement",
                                                      "randomize", "increment-wrap"};
  return value.is_string() && std::find(kWords.begin(), kWords.end(),
                                        value.get_ref<const std::string&>()) != kWords.end();
}

// Old files have true or false there. A widget with two states can follow a seed as well, so it
// counts only where there are more values than widgets.
bool is_old_control(const ordered_json& value, size_t values_left, size_t widgets_left) {
  return value.is_boolean() && values_left > widgets_left;
}

// The rows of a list that grows as the editor's user adds to it.
bool is_adapter_row(const ordered_json& value) {
  return value.is_object() && value.contains("lora") && value.contains("on");
}

// What Lora Manager keeps beside its texts.
bool is_note(const ordered_json& value) {
  return value.is_object() && value.contains("textWidgetName");
}

bool is_seed(const std::string& name) {
  return name.starts_with("seed") || name.starts_with("noise_seed");
}

// Required inputs come first, as in the editor.
std::vector<std::string> declared_widgets(const nodes::NodeType& type) {
  std::vector<std::string> names;
  for (const nodes::Presence presence : {nodes::Presence::kRequired, nodes::Presence::kOptional}) {
    for (const nodes::InputSpec& input : type.inputs) {
      if (input.presence == presence && input.is_widget()) names.push_back(input.name);
    }
  }
  return names;
}

bool contains_all(const std::vector<std::string>& names, const std::vector<std::string>& parts) {
  return std::all_of(parts.begin(), parts.end(), [&](const std::string& part) {
    return std::find(names.begin(), names.end(), part) != names.end();
  });
}

std::vector<std::string> widget_order(const EditorNode& node, const nodes::NodeType* type) {
  std::vector<std::string> in_file;
  for (const EditorInput& input : node.inputs) {
    if (!input.widget.empty()) in_file.push_back(input.widget);
  }
  const PassThrough* known = find_pass_through(node.type);
  if (type == nullptr && (known == nullptr || known->widgets.empty())) return in_file;
  std::vector<std::string> declared = type != nullptr ? declared_widgets(*type) : known->widgets;
  // A file that lists only some, or the same in another order, lists them as they were linked.
  const bool knows_more = in_file.size() > declared.size() && contains_all(in_file, declared);
  return knows_more ? in_file : declared;
}

}  // namespace

std::vector<std::pair<std::string, ordered_json>> named_widget_values(const EditorNode& node,
                                                                      const nodes::NodeType* type) {
  std::vector<std::pair<std::string, ordered_json>> result;
  ordered_json values = node.widget_values;
  if (values.is_array()) {
    auto& list = values.get_ref<ordered_json::array_t&>();
    std::erase_if(list, is_note);
  }
  if (values.is_object()) {
    for (const auto& [name, value] : values.items()) {
      if (!value.is_null()) result.emplace_back(name, value);
    }
    return result;
  }
  if (!values.is_array()) return result;
  const std::vector<std::string> names = widget_order(node, type);
  size_t next = 0;
  for (size_t i = 0; i < names.size() && next < values.size(); ++i) {
    const ordered_json& value = values[next++];
    if (!value.is_null()) result.emplace_back(names[i], value);
    if (!is_seed(names[i]) || next == values.size()) continue;
    if (is_control_word(values[next]) ||
        is_old_control(values[next], values.size() - next, names.size() - i - 1)) {
      ++next;
    }
  }
  if (type == nullptr && names.empty()) {
    for (const ordered_json& value : values) {
      if (is_adapter_row(value)) {
        result.emplace_back("lora_" + std::to_string(result.size() + 1), value);
      }
    }
  }
  return result;
}

}  // namespace zanime::graph
