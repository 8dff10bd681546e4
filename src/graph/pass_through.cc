#include "graph/pass_through.h"

#include <cstdint>
#include <map>
#include <optional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "graph/api_view.h"
#include "nodes/input_value.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

// Deeper chains of switches are a circle or a hostile file.
constexpr int kMaxHandedOn = 500;
// rgthree's seeds go up to here.
constexpr uint64_t kMaxRandomSeed = 1125899906842624;

class Resolver {
 public:
  Resolver(const ordered_json& graph, const NodeRegistry& registry,
           std::vector<std::string>* warnings)
      : graph_(graph), view_(graph), registry_(registry), warnings_(warnings) {
    for (const auto& [id, node] : graph.items()) {
      const std::string class_name = api_class(node);
      if (class_name.empty() || api_inputs(node) == nullptr) continue;
      const PassThrough* kind = find_pass_through(class_name);
      if (kind == nullptr || registry.find(class_name) != nullptr) continue;
      passing_.emplace(id, Passing{kind, &node});
    }
  }

  ordered_json resolve() {
    if (passing_.empty()) return graph_;
    ordered_json result = ordered_json::object();
    for (const auto& [id, node] : graph_.items()) {
      if (passing_.contains(id)) continue;
      ordered_json rewritten = node;
      if (ordered_json* inputs = api_inputs(rewritten)) *inputs = resolved_inputs(id, node);
      append_member(result, id, std::move(rewritten));
    }
    for (auto& [id, node] : switches_) append_member(result, id, std::move(node));
    return result;
  }

 private:
  struct Passing {
    const PassThrough* kind = nullptr;
    const ordered_json* node = nullptr;
  };
  // A link or a plain value; nothing where nothing is handed on.
  using Given = std::optional<ordered_json>;
  struct Answer {
    bool open = true;  // being looked for
    Given value = {};
  };

  ordered_json resolved_inputs(const std::string& id, const ordered_json& node) {
    ordered_json inputs = ordered_json::object();
    for (const auto& [name, value] : api_inputs(node)->items()) {
      const auto link = as_link(value);
      if (!link || !passing_.contains(link->node_id)) {
        append_member(inputs, name, value);
        continue;
      }
      Given source = value_of(link->node_id, link->output, 0);
      if (!source) continue;
      mend(id, node, name, *source);
      append_member(inputs, name, std::move(*source));
    }
    return inputs;
  }

  Given value_of(const std::string& id, int output, int depth) {
    return remembered(id, std::to_string(output), depth,
                      [&] { return find_value(id, output, depth); });
  }

  // The answer to a question about a node, looked for once.
  template <class Find>
  Given remembered(const std::string& id, const std::string& question, int depth,
                   const Find& find) {
    const auto [found, is_new] = answers_.try_emplace({id, question});
    if (!is_new && !found->second.open) return found->second.value;
    if (!is_new || depth > kMaxHandedOn) {
      throw Error(ErrorKind::kGraph, view_.describe(id) +
                                         ": the links between nodes that only hand a value on form "
                                         "a circle");
    }
    Given value = find();
    found->second = {false, value};
    return value;
  }

  Given find_value(const std::string& id, int output, int depth) {
    const Passing& passing = passing_.at(id);
    const PassThrough& kind = *passing.kind;
    const ordered_json& inputs = *api_inputs(*passing.node);
    if (!kind.remark.empty()) warn(view_.describe(id) + ": " + kind.remark);
    if (kind.kind == PassThroughKind::kFirst && output == 0) {
      for (const auto& [name, value] : inputs.items()) {
        if (!as_link(value)) continue;
        if (Given given = followed(value, depth)) return given;
      }
    } else if (kind.kind == PassThroughKind::kValues || kind.kind == PassThroughKind::kContext) {
      if (output < 0 || static_cast<size_t>(output) >= kind.outputs.size()) return std::nullopt;
      const std::string& name = kind.outputs[static_cast<size_t>(output)];
      const bool is_bundle = kind.kind == PassThroughKind::kContext;
      if (is_bundle && name.empty()) return ordered_json{id, output};
      if (is_bundle) return value_in_bundle(id, name, depth);
      Given given = input_value(inputs, name, depth);
      return given && name == "seed" ? random_where_asked(id, std::move(*given)) : given;
    } else if (kind.kind == PassThroughKind::kChoice && output == 0) {
      return chosen_value(id, kind, inputs, depth);
    }
    return std::nullopt;
  }

  Given input_value(const ordered_json& inputs, const std::string& name, int depth) {
    const auto found = inputs.find(name);
    if (found == inputs.end() || found->is_null()) return std::nullopt;
    return followed(*found, depth);
  }

  Given followed(const ordered_json& value, int depth) {
    const auto link = as_link(value);
    if (link && passing_.contains(link->node_id)) {
      return value_of(link->node_id, link->output, depth + 1);
    }
    return value;
  }

  // --- Bundles

  Given value_in_bundle(const std::string& id, const std::string& name, int depth) {
    return remembered(id, "value " + name, depth, [&]() -> Given {
      const Passing& passing = passing_.at(id);
      if (Given own = input_value(*api_inputs(*passing.node), name, depth)) return own;
      Given value;
      for (const std::string& bundle : bundles_of(passing, depth)) {
        if (!holds_anything(bundle, depth + 1)) continue;
        Given given = value_in_bundle(bundle, name, depth + 1);
        if (!passing.kind->merges) return given;
        if (given) value = std::move(given);
      }
      return value;
    });
  }

  bool holds_anything(const std::string& id, int depth) {
    const Given answer = remembered(id, "anything", depth, [&]() -> Given {
      const Passing& passing = passing_.at(id);
      for (const std::string& name : passing.kind->outputs) {
        if (!name.empty() && input_value(*api_inputs(*passing.node), name, depth)) return true;
      }
      for (const std::string& bundle : bundles_of(passing, depth)) {
        if (holds_anything(bundle, depth + 1)) return true;
      }
      return std::nullopt;
    });
    return answer.has_value();
  }

  // The nodes that make the bundles that this one takes.
  std::vector<std::string> bundles_of(const Passing& passing, int depth) {
    std::vector<std::string> ids;
    for (const std::string& name : passing.kind->bundles) {
      const Given given = input_value(*api_inputs(*passing.node), name, depth);
      const auto link = given ? as_link(*given) : std::nullopt;
      const auto source = link ? passing_.find(link->node_id) : passing_.end();
      if (source != passing_.end() && source->second.kind->kind == PassThroughKind::kContext) {
        ids.push_back(source->first);
      }
    }
    return ids;
  }

  // --- Switches

  Given chosen_value(const std::string& id, const PassThrough& kind, const ordered_json& inputs,
                     int depth) {
    const Given chosen = input_value(inputs, kind.chooser, depth);
    if (chosen && as_link(*chosen)) return computed_choice(id, kind, *chosen, inputs, depth);
    int64_t place = -1;
    if (chosen && chosen->is_boolean()) place = chosen->get<bool>() ? 1 : 0;
    if (chosen && chosen->is_number_integer()) place = chosen->get<int64_t>() - kind.first;
    if (place < 0 || place >= static_cast<int64_t>(kind.choices.size())) {
      throw Error(ErrorKind::kGraph,
                  view_.describe(id) + ": its input `" + kind.chooser +
                      "` must be a number or a truth that says which of its inputs is handed on");
    }
    Given given = input_value(inputs, kind.choices[static_cast<size_t>(place)], depth);
    for (size_t i = 0; !given && kind.takes_others && i < kind.choices.size(); ++i) {
      given = input_value(inputs, kind.choices[i], depth);
    }
    return given;
  }

  // What chooses is only known when the graph runs: a switch of ComfyUI's own for each choice but
  // the last.
  Given computed_choice(const std::string& id, const PassThrough& kind, const ordered_json& chooser,
                        const ordered_json& inputs, int depth) {
    std::vector<std::pair<int64_t, ordered_json>> choices;
    for (size_t i = 0; i < kind.choices.size(); ++i) {
      Given given = input_value(inputs, kind.choices[i], depth);
      if (given) choices.emplace_back(static_cast<int64_t>(i) + kind.first, std::move(*given));
    }
    if (choices.empty()) return std::nullopt;
    const bool is_truth = kind.choices.size() == 2 && kind.first == 0;
    ordered_json otherwise = choices.back().second;
    for (size_t i = choices.size() - 1; i-- > 0;) {
      const std::string number = i == 0 ? "" : std::to_string(i + 1);
      ordered_json condition = chooser;
      if (!is_truth) {
        const std::string test = new_id(id + ":is" + number);
        switches_.emplace_back(test,
                               node_of("ComfyMathExpression",
                                       {{"expression", "a == " + std::to_string(choices[i].first)},
                                        {"values.a", chooser}}));
        condition = {test, 2};
      }
      const std::string name = new_id(id + ":switch" + number);
      // Of a truth the first choice is the one for false.
      switches_.emplace_back(
          name, node_of("ComfySwitchNode",
                        {{"switch", std::move(condition)},
                         {"on_false", is_truth ? choices[i].second : std::move(otherwise)},
                         {"on_true", is_truth ? std::move(otherwise) : choices[i].second}}));
      otherwise = {name, 0};
    }
    return otherwise;
  }

  static ordered_json node_of(const char* class_name, ordered_json inputs) {
    return {{"class_type", class_name}, {"inputs", std::move(inputs)}};
  }

  std::string new_id(std::string id) const {
    while (view_.find(id) != nullptr) id += "_";
    return id;
  }

  // --- Values

  Given random_where_asked(const std::string& id, ordered_json seed) {
    if (seed != -1 && seed != -2 && seed != -3) return seed;
    std::random_device device;
    std::uniform_int_distribution<uint64_t> seeds(0, kMaxRandomSeed - 1);
    ordered_json drawn = seeds(device);
    warn(view_.describe(id) + ": the seed " + seed.dump() + " means a random one; it is " +
         drawn.dump());
    return drawn;
  }

  // A switch takes anything, so that a link of the wrong type can hide behind it: a graph may ask
  // the switch of models for a text encoder. Where the loader has just one output of the type that
  // is needed, that is what was meant.
  void mend(const std::string& id, const ordered_json& node, const std::string& name,
            ordered_json& value) {
    const auto link = as_link(value);
    const nodes::NodeType* type = registry_.find(api_class(node));
    const nodes::InputSpec* input = type == nullptr ? nullptr : type->find_input(name);
    const ordered_json* source = link ? view_.find(link->node_id) : nullptr;
    if (source == nullptr || input == nullptr) return;
    const nodes::NodeType* source_type = registry_.find(api_class(*source));
    if (source_type == nullptr || link->output < 0) return;
    const std::vector<nodes::OutputSpec>& outputs = source_type->outputs;
    const auto slot = static_cast<size_t>(link->output);
    if (slot >= outputs.size() || nodes::types_fit(outputs[slot].type, input->type)) return;
    std::optional<size_t> fitting;
    for (size_t i = 0; i < outputs.size(); ++i) {
      if (outputs[i].type != input->type) continue;
      if (fitting) return;
      fitting = i;
    }
    if (!fitting) return;
    warn(view_.describe(id) + ": input `" + name + "` takes " + input->type +
         ", but a switch gives " + outputs[slot].type + " of " + view_.describe(link->node_id) +
         "; its output " + std::to_string(*fitting) + " (" + input->type + ") is taken instead");
    value[1] = *fitting;
  }

  void warn(const std::string& text) {
    if (warnings_ != nullptr) warnings_->push_back(text);
  }

  const ordered_json& graph_;
  ApiView view_;
  const NodeRegistry& registry_;
  std::vector<std::string>* warnings_;
  std::map<std::string, Passing> passing_;
  std::map<std::pair<std::string, std::string>, Answer> answers_;  // by node and question
  std::vector<std::pair<std::string, ordered_json>> switches_;     // nodes to add
};

}  // namespace

ordered_json resolve_pass_through(const ordered_json& graph, const NodeRegistry& registry,
                                  std::vector<std::string>* warnings) {
  if (!graph.is_object()) return graph;
  return Resolver(graph, registry, warnings).resolve();
}

}  // namespace zanime::graph
