#include "graph/workflow/adapter_stacks.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "graph/api_view.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

// Longer chains of stacks are a circle.
constexpr int kMaxChain = 100;

struct Row {
  std::string adapter;
  double model = 1.0, clip = 1.0;
};

const ordered_json* member(const ordered_json& object, const std::string& name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

double number(const ordered_json& object, const std::string& name, double otherwise) {
  const ordered_json* value = member(object, name);
  return value != nullptr && value->is_number() ? value->get<double>() : otherwise;
}

// The name of an adapter; empty for none.
std::string adapter_name(const ordered_json& object, const std::string& name) {
  const ordered_json* value = member(object, name);
  // A list of choices with pictures keeps the choice in `content`.
  if (value != nullptr && value->is_object()) value = member(*value, "content");
  if (value == nullptr || !value->is_string()) return "";
  const std::string text = value->get<std::string>();
  return text == "None" ? "" : text;
}

bool is_on(const ordered_json& object, const std::string& name, bool otherwise) {
  const ordered_json* value = member(object, name);
  if (value == nullptr) return otherwise;
  return value->is_boolean() ? value->get<bool>() : *value == "On";
}

using Rows = std::vector<Row>;

void add(Rows& rows, const std::string& adapter, double model, double clip) {
  if (!adapter.empty()) rows.push_back({adapter, model, clip});
}

// lora_1, lora_2, …: {"on", "lora", "strength", "strengthTwo"}
Rows power_rows(const ordered_json& inputs) {
  Rows rows;
  for (const auto& [name, value] : inputs.items()) {
    if (!value.is_object() || !is_on(value, "on", false)) continue;
    const double strength = number(value, "strength", 1.0);
    add(rows, adapter_name(value, "lora"), strength, number(value, "strengthTwo", strength));
  }
  return rows;
}

// lora_01 with strength_01, …
Rows four_rows(const ordered_json& inputs) {
  Rows rows;
  for (const char* i : {"01", "02", "03", "04"}) {
    const double strength = number(inputs, std::string("strength_") + i, 1.0);
    add(rows, adapter_name(inputs, std::string("lora_") + i), strength, strength);
  }
  return rows;
}

Rows one_row(const ordered_json& inputs) {
  Rows rows;
  add(rows, adapter_name(inputs, "lora_name"), number(inputs, "strength_model", 1.0),
      number(inputs, "strength_clip", 1.0));
  return rows;
}

// `loras`: a list of {"name", "strength", "clipStrength", "active"}, names without extension.
Rows managed_rows(const ordered_json& inputs) {
  Rows rows;
  const ordered_json* list = member(inputs, "loras");
  if (list != nullptr && list->is_object()) list = member(*list, "__value__");
  if (list == nullptr || !list->is_array()) return rows;
  for (const ordered_json& row : *list) {
    std::string name = adapter_name(row, "name");
    if (name.empty() || !is_on(row, "active", true)) continue;
    if (!name.ends_with(".safetensors")) name += ".safetensors";
    const double strength = number(row, "strength", 1.0);
    add(rows, name, strength, number(row, "clipStrength", strength));
  }
  return rows;
}

// lora_name_1, model_weight_1, clip_weight_1, switch_1: "On" or "Off"
Rows listed_rows(const ordered_json& inputs) {
  Rows rows;
  for (const char* i : {"_1", "_2", "_3"}) {
    if (!is_on(inputs, std::string("switch") + i, false)) continue;
    const double model = number(inputs, std::string("model_weight") + i, 1.0);
    add(rows, adapter_name(inputs, std::string("lora_name") + i), model,
        number(inputs, std::string("clip_weight") + i, model));
  }
  return rows;
}

// lora_name_1 with lora_wt_1, or in the advanced mode with model_str_1 and clip_str_1; lora_count.
Rows counted_rows(const ordered_json& inputs) {
  Rows rows;
  const ordered_json* mode = member(inputs, "input_mode");
  const bool is_advanced = mode != nullptr && *mode == "advanced";
  const int count = static_cast<int>(std::clamp(number(inputs, "lora_count", 0.0), 0.0, 50.0));
  for (int i = 1; i <= count; ++i) {
    const std::string end = "_" + std::to_string(i);
    const double plain = number(inputs, "lora_wt" + end, 1.0);
    add(rows, adapter_name(inputs, "lora_name" + end),
        is_advanced ? number(inputs, "model_str" + end, 1.0) : plain,
        is_advanced ? number(inputs, "clip_str" + end, 1.0) : plain);
  }
  return rows;
}

// lora_1_name with lora_1_strength or, in the advanced mode, two strengths; num_loras.
Rows numbered_rows(const ordered_json& inputs) {
  Rows rows;
  if (!is_on(inputs, "toggle", true)) return rows;
  const ordered_json* mode = member(inputs, "mode");
  const bool is_advanced = mode != nullptr && *mode == "advanced";
  const int count = static_cast<int>(std::clamp(number(inputs, "num_loras", 0.0), 0.0, 50.0));
  for (int i = 1; i <= count; ++i) {
    const std::string begin = "lora_" + std::to_string(i) + "_";
    const double plain = number(inputs, begin + "strength", 1.0);
    add(rows, adapter_name(inputs, begin + "name"),
        is_advanced ? number(inputs, begin + "model_strength", 1.0) : plain,
        is_advanced ? number(inputs, begin + "clip_strength", 1.0) : plain);
  }
  return rows;
}

Rows switched_row(const ordered_json& inputs) {
  return is_on(inputs, "switch", false) ? one_row(inputs) : Rows{};
}

Rows no_rows(const ordered_json&) { return {}; }

struct Stack {
  std::string_view class_name;
  Rows (*rows)(const ordered_json& inputs);
  bool loads = true;  // false: lists rows for another node
};
constexpr std::array kStacks{
    Stack{"Power Lora Loader (rgthree)", power_rows},
    Stack{"Lora Loader Stack (rgthree)", four_rows},
    Stack{"LoraLoader|pysssss", one_row},
    Stack{"Lora Loader (LoraManager)", managed_rows},
    Stack{"Load Lora", one_row},
    Stack{"Lora Loader", one_row},
    Stack{"CR Load LoRA", switched_row},
    Stack{"CR Apply LoRA Stack", no_rows},
    Stack{"easy loraStackApply", no_rows},
    Stack{"easy loraStack", numbered_rows, false},
    Stack{"CR LoRA Stack", listed_rows, false},
    Stack{"LoRA Stacker", counted_rows, false},
    Stack{"Lora Stacker (LoraManager)", managed_rows, false},
};

const Stack* find_stack(const std::string& class_name) {
  const auto found = std::find_if(kStacks.begin(), kStacks.end(), [&](const Stack& stack) {
    return stack.class_name == class_name;
  });
  return found == kStacks.end() ? nullptr : found;
}

class Expander {
 public:
  Expander(const ordered_json& graph, const NodeRegistry& registry) : graph_(graph), view_(graph) {
    for (const auto& [id, node] : graph.items()) {
      const std::string class_name = api_class(node);
      const Stack* stack = find_stack(class_name);
      if (stack == nullptr || api_inputs(node) == nullptr) continue;
      if (registry.find(class_name) == nullptr) stacks_.emplace(id, stack);
    }
  }

  ordered_json expand() {
    if (stacks_.empty()) return graph_;
    ordered_json result = ordered_json::object();
    for (const auto& [id, node] : graph_.items()) {
      const auto stack = stacks_.find(id);
      if (stack != stacks_.end()) {
        if (stack->second->loads) add_loaders(id, node, result);
        continue;
      }
      ordered_json copy = node;
      if (ordered_json* inputs = api_inputs(copy)) *inputs = relinked(*inputs);
      append_member(result, id, std::move(copy));
    }
    return result;
  }

 private:
  Rows rows_of(const std::string& id, int depth) const {
    const ordered_json& inputs = *api_inputs(*view_.find(id));
    Rows rows;
    // What another node lists comes first.
    const ordered_json* linked = either(inputs, "lora_stack", "optional_lora_stack");
    const auto link = linked == nullptr ? std::nullopt : as_link(*linked);
    if (link && stacks_.contains(link->node_id) && depth < kMaxChain) {
      rows = rows_of(link->node_id, depth + 1);
    }
    Rows own = stacks_.at(id)->rows(inputs);
    rows.insert(rows.end(), std::make_move_iterator(own.begin()),
                std::make_move_iterator(own.end()));
    return rows;
  }

  static const ordered_json* either(const ordered_json& inputs, const char* name,
                                    const char* other) {
    const ordered_json* value = member(inputs, name);
    return value != nullptr ? value : member(inputs, other);
  }
  static const ordered_json* clip_of(const ordered_json& inputs) {
    return either(inputs, "clip", "optional_clip");
  }
  static bool has_clip(const ordered_json& inputs) { return clip_of(inputs) != nullptr; }

  // Fits nothing else in the graph: ids within subgraphs count up from the editor's numbers.
  std::string row_id(const std::string& id, size_t row) const {
    std::string name = id + ":" + std::to_string(row);
    while (view_.find(name) != nullptr) name += "_";
    return name;
  }

  void add_loaders(const std::string& id, const ordered_json& node, ordered_json& result) const {
    const ordered_json& inputs = *api_inputs(node);
    const Rows rows = rows_of(id, 0);
    for (size_t i = 1; i <= rows.size(); ++i) {
      const Row& row = rows[i - 1];
      ordered_json given = ordered_json::object();
      for (int output = 0; output < (has_clip(inputs) ? 2 : 1); ++output) {
        const auto source = i == 1 ? source_behind(id, output, 0)
                                   : std::optional(ordered_json{row_id(id, i - 1), output});
        if (source) given[output == 0 ? "model" : "clip"] = *source;
      }
      given["lora_name"] = row.adapter;
      given["strength_model"] = row.model;
      if (has_clip(inputs)) given["strength_clip"] = row.clip;
      append_member(result, row_id(id, i),
                    {{"class_type", has_clip(inputs) ? "LoraLoader" : "LoraLoaderModelOnly"},
                     {"inputs", std::move(given)},
                     {"_meta", {{"title", api_title(node)}}}});
    }
  }

  // What the stack is given where it gives that output.
  std::optional<ordered_json> source_behind(const std::string& id, int output, int depth) const {
    const ordered_json& inputs = *api_inputs(*view_.find(id));
    const ordered_json* value = output == 0 ? member(inputs, "model") : clip_of(inputs);
    if (value == nullptr || output > 1 || depth > kMaxChain) return std::nullopt;
    return followed(*value, depth + 1);
  }

  std::optional<ordered_json> followed(const ordered_json& value, int depth) const {
    const auto link = as_link(value);
    if (!link || !stacks_.contains(link->node_id)) return value;
    const size_t rows = rows_of(link->node_id, 0).size();
    const bool is_given = link->output == 0 || has_clip(*api_inputs(*view_.find(link->node_id)));
    if (rows > 0 && is_given) return ordered_json{row_id(link->node_id, rows), link->output};
    return source_behind(link->node_id, link->output, depth);
  }

  ordered_json relinked(const ordered_json& inputs) const {
    ordered_json result = ordered_json::object();
    for (const auto& [name, value] : inputs.items()) {
      if (auto source = followed(value, 0)) append_member(result, name, std::move(*source));
    }
    return result;
  }

  const ordered_json& graph_;
  ApiView view_;
  std::map<std::string, const Stack*> stacks_;
};

}  // namespace

bool is_adapter_stack(const std::string& class_name) { return find_stack(class_name) != nullptr; }

ordered_json expand_adapter_stacks(const ordered_json& graph, const NodeRegistry& registry) {
  if (!graph.is_object()) return graph;
  return Expander(graph, registry).expand();
}

}  // namespace zanime::graph
