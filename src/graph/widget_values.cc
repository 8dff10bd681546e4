#include "graph/widget_values.h"

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
  if (type != nullptr) {
    std::vector<std::string> declared = declared_widgets(*type);
    // A file that lists only some, or the same in another order, lists them as they were linked.
    const bool knows_more = in_file.size() > declared.size() && contains_all(in_file, declared);
    return knows_more ? in_file : declared;
  }
  const PassThrough* known = find_pass_through(node.type);
  if (in_file.empty() && known != nullptr && !known->input.empty()) in_file.push_back(known->input);
  return in_file;
}

}  // namespace

std::vector<std::pair<std::string, ordered_json>> named_widget_values(const EditorNode& node,
                                                                      const nodes::NodeType* type) {
  std::vector<std::pair<std::string, ordered_json>> result;
  const ordered_json& values = node.widget_values;
  if (values.is_object()) {
    for (const auto& [name, value] : values.items()) {
      if (!value.is_null()) result.emplace_back(name, value);
    }
    return result;
  }
  if (!values.is_array()) return result;
  size_t next = 0;
  for (const std::string& name : widget_order(node, type)) {
    if (next == values.size()) break;
    const ordered_json& value = values[next++];
    if (!value.is_null()) result.emplace_back(name, value);
    if (is_seed(name) && next < values.size() && is_control_word(values[next])) ++next;
  }
  return result;
}

}  // namespace zanime::graph
