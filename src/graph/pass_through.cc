#include "graph/pass_through.h"

#include <cstdint>
#include <initializer_list>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <utility>

#include "base/error.h"
#include "graph/api_view.h"
#include "nodes/input_value.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

// Deeper chains of switches are a circle or a hostile file.
constexpr int kMaxChain = 500;
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
    return result;
  }

 private:
  struct Passing {
    const PassThrough* kind = nullptr;
    const ordered_json* node = nullptr;
    bool open = false;  // being resolved
    bool done = false;
    std::optional<ordered_json> value = {};  // a link or a plain value, once done
  };

  ordered_json resolved_inputs(const std::string& id, const ordered_json& node) {
    ordered_json inputs = ordered_json::object();
    for (const auto& [name, value] : api_inputs(node)->items()) {
      const auto link = as_link(value);
      if (!link || !passing_.contains(link->node_id)) {
        append_member(inputs, name, value);
        continue;
      }
      std::optional<ordered_json> source = value_of(link->node_id, 0);
      if (!source) continue;
      mend(id, node, name, *source);
      append_member(inputs, name, std::move(*source));
    }
    return inputs;
  }

  std::optional<ordered_json> value_of(const std::string& id, int depth) {
    Passing& passing = passing_.at(id);
    if (passing.done) return passing.value;
    if (passing.open || depth > kMaxChain) {
      throw Error(ErrorKind::kGraph, view_.describe(id) +
                                         ": the links between nodes that only hand a value on form "
                                         "a circle");
    }
    passing.open = true;
    const ordered_json& inputs = *api_inputs(*passing.node);
    if (passing.kind->kind == PassThroughKind::kFirst) {
      for (const auto& [name, value] : inputs.items()) {
        if (as_link(value)) passing.value = followed(value, depth);
        if (passing.value) break;
      }
    } else if (passing.kind->kind == PassThroughKind::kValue) {
      const auto found = inputs.find(passing.kind->input);
      if (found != inputs.end() && !found->is_null()) passing.value = followed(*found, depth);
      if (passing.value) replace_random_seed(id, passing);
    } else if (passing.kind->kind == PassThroughKind::kChoice) {
      const auto found = inputs.find(chosen_input(id, passing, inputs, depth));
      if (found != inputs.end() && !found->is_null()) passing.value = followed(*found, depth);
    }
    passing.open = false;
    passing.done = true;
    return passing.value;
  }

  // Throws where what chooses is only known when the graph runs.
  std::string chosen_input(const std::string& id, const Passing& passing,
                           const ordered_json& inputs, int depth) {
    const std::vector<std::string>& choices = passing.kind->choices;
    const auto found = inputs.find(passing.kind->input);
    const auto value = found == inputs.end() ? std::nullopt : followed(*found, depth);
    int64_t place = -1;
    if (value && value->is_boolean()) place = value->get<bool>() ? 1 : 0;
    if (value && value->is_number_integer()) place = value->get<int64_t>() - passing.kind->first;
    if (place >= 0 && place < static_cast<int64_t>(choices.size())) {
      return choices[static_cast<size_t>(place)];
    }
    throw Error(ErrorKind::kGraph, view_.describe(id) + ": its input `" + passing.kind->input +
                                       "` must be a plain value that says which of its inputs is "
                                       "handed on");
  }

  std::optional<ordered_json> followed(const ordered_json& value, int depth) {
    const auto link = as_link(value);
    if (link && passing_.contains(link->node_id)) return value_of(link->node_id, depth + 1);
    return value;
  }

  void replace_random_seed(const std::string& id, Passing& passing) {
    if (passing.kind->input != "seed" || !passing.value->is_number_integer()) return;
    if (*passing.value != -1 && *passing.value != -2 && *passing.value != -3) return;
    std::random_device device;
    std::uniform_int_distribution<uint64_t> seeds(0, kMaxRandomSeed - 1);
    const std::string asked = passing.value->dump();
    passing.value = seeds(device);
    warn(view_.describe(id) + ": the seed " + asked + " means a random one; it is " +
         passing.value->dump());
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
};

}  // namespace

namespace {

// PREFIX1, PREFIX2, … from `first` on.
std::vector<std::string> numbered(const std::string& prefix, int first) {
  constexpr int kMost = 20;
  std::vector<std::string> names;
  for (int i = first; i < first + kMost; ++i) names.push_back(prefix + std::to_string(i));
  return names;
}

std::map<std::string, PassThrough> known_pass_through() {
  using Kind = PassThroughKind;
  std::map<std::string, PassThrough> known;
  for (const char* name :
       {"Any Switch (rgthree)", "Reroute", "Reroute (rgthree)", "ReroutePrimitive|pysssss",
        "ShowText|pysssss", "easy showAnything", "easy cleanGpuUsed", "easy clearCacheAll"}) {
    known[name] = {Kind::kFirst};
  }
  const auto add_values = [&](const char* input, std::initializer_list<const char*> names) {
    for (const char* name : names) known[name] = {Kind::kValue, input};
  };
  add_values("seed", {"Seed (rgthree)", "easy seed", "CR Seed", "Seed Generator"});
  add_values("value", {"PrimitiveInt", "PrimitiveFloat", "PrimitiveBoolean", "PrimitiveString",
                       "PrimitiveStringMultiline", "INTConstant", "FloatConstant", "BOOLConstant",
                       "easy int", "easy float", "easy string", "easy boolean", "JWInteger",
                       "JWFloat", "JWString", "Int", "Float", "UnloadModel"});
  add_values("string", {"StringConstant"});
  add_values("text", {"CR Text"});
  add_values("positive", {"easy positive"});
  add_values("negative", {"easy negative"});
  known["easy ifElse"] = {Kind::kChoice, "boolean", {"on_false", "on_true"}};
  known["Switch any [Crystools]"] = {Kind::kChoice, "boolean", {"on_false", "on_true"}};
  known["LazySwitchKJ"] = {Kind::kChoice, "switch", {"on_false", "on_true"}};
  known["easy anythingIndexSwitch"] = {Kind::kChoice, "index", numbered("value", 0)};
  known["ImpactSwitch"] = {Kind::kChoice, "select", numbered("input", 1), 1};
  known["CR Text Input Switch"] = {Kind::kChoice, "Input", numbered("text", 1), 1};
  known["CR Model Input Switch"] = {Kind::kChoice, "Input", numbered("model", 1), 1};
  known["CR Latent Input Switch"] = {Kind::kChoice, "Input", numbered("latent", 1), 1};
  known["CR Image Input Switch"] = {Kind::kChoice, "Input", numbered("image", 1), 1};
  known["CR Conditioning Input Switch"] = {Kind::kChoice, "Input", numbered("conditioning", 1), 1};
  for (const char* name :
       {"Note", "MarkdownNote", "Label (rgthree)", "Bookmark (rgthree)", "Fast Bypasser (rgthree)",
        "Fast Muter (rgthree)", "Fast Groups Bypasser (rgthree)", "Fast Groups Muter (rgthree)",
        "Mute / Bypass Relay (rgthree)", "Mute / Bypass Repeater (rgthree)",
        "Node Collector (rgthree)", "Image Comparer (rgthree)", "Display Any (rgthree)"}) {
    known[name] = {};
  }
  return known;
}

}  // namespace

const PassThrough* find_pass_through(const std::string& class_name) {
  static const std::map<std::string, PassThrough> kKnown = known_pass_through();
  const auto found = kKnown.find(class_name);
  return found == kKnown.end() ? nullptr : &found->second;
}

ordered_json resolve_pass_through(const ordered_json& graph, const NodeRegistry& registry,
                                  std::vector<std::string>* warnings) {
  if (!graph.is_object()) return graph;
  return Resolver(graph, registry, warnings).resolve();
}

}  // namespace zanime::graph
