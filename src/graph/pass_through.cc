#include "graph/pass_through.h"

#include <cstdint>
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
      : graph_(graph), registry_(registry), warnings_(warnings) {
    for (const auto& [id, node] : graph.items()) {
      const std::string class_name = api_class(node);
      if (class_name.empty() || !node.contains("inputs") || !node["inputs"].is_object()) continue;
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
      result[id] = node;
      if (!node.is_object() || !node.contains("inputs") || !node["inputs"].is_object()) continue;
      rewrite(id, result[id]);
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

  void rewrite(const std::string& id, ordered_json& node) {
    ordered_json inputs = ordered_json::object();
    for (const auto& [name, value] : node["inputs"].items()) {
      const auto link = as_api_link(value);
      if (!link || !passing_.contains(link->node_id)) {
        inputs[name] = value;
        continue;
      }
      std::optional<ordered_json> source = value_of(link->node_id, 0);
      if (!source) continue;
      mend(id, node, name, *source);
      inputs[name] = std::move(*source);
    }
    node["inputs"] = std::move(inputs);
  }

  std::optional<ordered_json> value_of(const std::string& id, int depth) {
    Passing& passing = passing_.at(id);
    if (passing.done) return passing.value;
    if (passing.open || depth > kMaxChain) {
      throw Error(ErrorKind::kGraph, describe_api_node(graph_, id) +
                                         ": the links between nodes that only hand a value on form "
                                         "a circle");
    }
    passing.open = true;
    const ordered_json& inputs = (*passing.node)["inputs"];
    if (passing.kind->kind == PassThroughKind::kFirst) {
      for (const auto& [name, value] : inputs.items()) {
        if (as_api_link(value)) passing.value = followed(value, depth);
        if (passing.value) break;
      }
    } else if (passing.kind->kind == PassThroughKind::kValue) {
      const auto found = inputs.find(passing.kind->input);
      if (found != inputs.end() && !found->is_null()) passing.value = followed(*found, depth);
      if (passing.value) replace_random_seed(id, passing);
    }
    passing.open = false;
    passing.done = true;
    return passing.value;
  }

  std::optional<ordered_json> followed(const ordered_json& value, int depth) {
    const auto link = as_api_link(value);
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
    warn(describe_api_node(graph_, id) + ": the seed " + asked + " means a random one; it is " +
         passing.value->dump());
  }

  // A switch takes anything, so that a link of the wrong type can hide behind it: a graph may ask
  // the switch of models for a text encoder. Where the loader has just one output of the type that
  // is needed, that is what was meant.
  void mend(const std::string& id, const ordered_json& node, const std::string& name,
            ordered_json& value) {
    const auto link = as_api_link(value);
    const nodes::NodeType* type = registry_.find(api_class(node));
    const nodes::InputSpec* input = type == nullptr ? nullptr : type->find_input(name);
    if (!link || input == nullptr || !graph_.contains(link->node_id)) return;
    const nodes::NodeType* source_type = registry_.find(api_class(graph_[link->node_id]));
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
    warn(describe_api_node(graph_, id) + ": input `" + name + "` takes " + input->type +
         ", but a switch gives " + outputs[slot].type + " of " +
         describe_api_node(graph_, link->node_id) + "; its output " + std::to_string(*fitting) +
         " (" + input->type + ") is taken instead");
    value[1] = *fitting;
  }

  void warn(const std::string& text) {
    if (warnings_ != nullptr) warnings_->push_back(text);
  }

  const ordered_json& graph_;
  const NodeRegistry& registry_;
  std::vector<std::string>* warnings_;
  std::map<std::string, Passing> passing_;
};

}  // namespace

const PassThrough* find_pass_through(const std::string& class_name) {
  using Kind = PassThroughKind;
  static const std::map<std::string, PassThrough> kKnown = {
      {"Any Switch (rgthree)", {Kind::kFirst, ""}},
      {"Reroute", {Kind::kFirst, ""}},
      {"Reroute (rgthree)", {Kind::kFirst, ""}},
      {"Seed (rgthree)", {Kind::kValue, "seed"}},
      {"easy seed", {Kind::kValue, "seed"}},
      {"PrimitiveInt", {Kind::kValue, "value"}},
      {"PrimitiveFloat", {Kind::kValue, "value"}},
      {"PrimitiveBoolean", {Kind::kValue, "value"}},
      {"PrimitiveString", {Kind::kValue, "value"}},
      {"PrimitiveStringMultiline", {Kind::kValue, "value"}},
      {"Note", {}},
      {"MarkdownNote", {}},
      {"Label (rgthree)", {}},
      {"Bookmark (rgthree)", {}},
      {"Fast Bypasser (rgthree)", {}},
      {"Fast Muter (rgthree)", {}},
      {"Fast Groups Bypasser (rgthree)", {}},
      {"Fast Groups Muter (rgthree)", {}},
      {"Mute / Bypass Relay (rgthree)", {}},
      {"Mute / Bypass Repeater (rgthree)", {}},
      {"Image Comparer (rgthree)", {}},
  };
  const auto found = kKnown.find(class_name);
  return found == kKnown.end() ? nullptr : &found->second;
}

ordered_json resolve_pass_through(const ordered_json& graph, const NodeRegistry& registry,
                                  std::vector<std::string>* warnings) {
  if (!graph.is_object()) return graph;
  return Resolver(graph, registry, warnings).resolve();
}

}  // namespace zanime::graph
