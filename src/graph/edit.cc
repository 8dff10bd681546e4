#include "graph/edit.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text/letter_case.h"
#include "base/text/near_matches.h"
#include "base/text/quoted.h"
#include "graph/api_view.h"

namespace zanime::graph {
namespace {

using nlohmann::ordered_json;

[[noreturn]] void fail(const std::string& what) { throw Error(ErrorKind::kUsage, what); }

bool same_text(const std::string& a, const std::string& b) {
  return text::lower_case(a) == text::lower_case(b);
}

ordered_json& inputs_of(ordered_json& graph, const std::string& id) {
  ordered_json& node = graph[id];
  ordered_json* inputs = api_inputs(node);
  if (inputs == nullptr) {
    throw Error(ErrorKind::kGraph, describe_api_node(id, node) + ": has no `inputs` object");
  }
  return *inputs;
}

// The inputs that a setting means.
struct Target {
  std::string node_id;
  std::string input;
};

std::string list_nodes(const ordered_json& graph, const std::vector<std::string>& ids) {
  constexpr size_t kShown = 40;
  const ApiView view(graph);
  std::string text;
  for (size_t i = 0; i < ids.size() && i < kShown; ++i) {
    text += "\n- " + view.describe(ids[i]);
  }
  if (ids.size() > kShown) text += "\n- and " + std::to_string(ids.size() - kShown) + " more";
  return text;
}

std::vector<std::string> all_ids(const ordered_json& graph) {
  std::vector<std::string> ids;
  for (const auto& [id, node] : graph.items()) ids.push_back(id);
  return ids;
}

// An input of the subgraph goes before a widget that its node shows: two nodes within may both have
// a widget `text`, of which the subgraph calls one `text`, too.
std::vector<Target> promoted_targets(const ApiWorkflow& workflow, const std::string& node,
                                     const std::string& input) {
  for (const bool is_port : {true, false}) {
    std::vector<Target> targets;
    for (const PromotedInput& promoted : workflow.promoted) {
      if (promoted.is_port != is_port) continue;
      if (promoted.owner != node && !same_text(promoted.owner_title, node)) continue;
      if (promoted.name != input && !same_text(promoted.label, input)) continue;
      if (!workflow.graph.contains(promoted.node_id)) continue;
      targets.push_back({promoted.node_id, promoted.input});
    }
    if (!targets.empty()) return targets;
  }
  return {};
}

std::vector<std::string> nodes_called(const ordered_json& graph, const std::string& name,
                                      const NodeRegistry& registry) {
  if (graph.contains(name)) return {name};
  std::vector<std::string> ids;
  for (const auto& [id, node] : graph.items()) {
    const std::string class_name = api_class(node);
    const nodes::NodeType* type = registry.find(class_name);
    if (same_text(api_title(node), name) || same_text(class_name, name) ||
        (type != nullptr && same_text(type->display_name, name))) {
      ids.push_back(id);
    }
  }
  return ids;
}

template <class T>
std::optional<T> parse_all(const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

// The text of a command line as a value of the input's type.
ordered_json parse_value(const std::string& setting, const nodes::InputSpec& input,
                         const std::string& text) {
  const auto wrong = [&](const std::string& wanted) {
    fail("--set " + text::quoted(setting) + ": `" + input.name + "` takes " + wanted + ", not " +
         text::quoted(text));
  };
  if (input.type == "INT") {
    if (const auto value = parse_all<uint64_t>(text)) return *value;
    if (const auto value = parse_all<int64_t>(text)) return *value;
    wrong("a whole number");
  }
  if (input.type == "FLOAT") {
    if (const auto value = parse_all<double>(text)) return *value;
    wrong("a number");
  }
  if (input.type == "BOOLEAN") {
    const std::string word = text::lower_case(text);
    if (word == "true" || word == "yes" || word == "1") return true;
    if (word == "false" || word == "no" || word == "0") return false;
    wrong("true or false");
  }
  if (input.is_widget()) return text;
  ordered_json link = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!as_link(link)) {
    wrong("a link to a node that gives " + input.type + ", [\"NODE ID\", OUTPUT]");
  }
  return link;
}

// Of a node whose type is unknown: numbers and such as JSON, all else as text.
ordered_json parse_untyped_value(const std::string& text) {
  ordered_json value = ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (value.is_discarded() || value.is_object() || value.is_array()) return text;
  return value;
}

void set_input(ordered_json& graph, const Target& target, const std::string& setting,
               const std::string& text, const NodeRegistry& registry) {
  ordered_json& inputs = inputs_of(graph, target.node_id);
  const nodes::NodeType* type = registry.find(api_class(graph[target.node_id]));
  if (type == nullptr) {
    inputs[target.input] = parse_untyped_value(text);
    return;
  }
  const nodes::InputSpec* input = type->find_input(target.input);
  if (input == nullptr || input->presence == nodes::Presence::kHidden) {
    std::vector<std::string> known;
    for (const nodes::InputSpec& spec : type->inputs) {
      if (spec.presence != nodes::Presence::kHidden) known.push_back(spec.name);
    }
    fail("--set " + text::quoted(setting) + ": " +
         describe_api_node(target.node_id, graph[target.node_id]) + " has no input `" +
         target.input + "`; it has " + text::list_names(known));
  }
  inputs[input->name] = parse_value(setting, *input, text);
}

// Ids of the output nodes and all that they link to, in the order of the file. Where no known node
// is an output: all.
std::vector<std::string> needed_ids(const ordered_json& graph, const NodeRegistry& registry) {
  const ApiView view(graph);
  const std::vector<std::string> outputs = view.outputs(registry);
  if (outputs.empty()) return all_ids(graph);
  const std::set<std::string> needed = view.needed_by(outputs);
  std::vector<std::string> ids;
  for (const auto& [id, node] : graph.items()) {
    if (needed.contains(id)) ids.push_back(id);
  }
  return ids;
}

bool gives(const nodes::NodeType& type, std::string_view what) {
  return std::any_of(type.outputs.begin(), type.outputs.end(),
                     [&](const nodes::OutputSpec& output) { return output.type == what; });
}

bool takes(const nodes::NodeType& type, std::string_view what) {
  return std::any_of(type.inputs.begin(), type.inputs.end(),
                     [&](const nodes::InputSpec& input) { return input.type == what; });
}

// Samplers and guiders state what the picture is to be; what hands conditionings on does not.
bool is_guided(const nodes::NodeType& type) {
  return !gives(type, "CONDITIONING") && (gives(type, "LATENT") || gives(type, "GUIDER"));
}

// The text encoders behind those inputs of samplers and guiders.
std::set<std::string> encoders_behind(const ordered_json& graph,
                                      const std::vector<std::string>& ids,
                                      const std::vector<std::string_view>& input_names,
                                      const NodeRegistry& registry) {
  const ApiView view(graph);
  std::vector<Link> open;
  for (const std::string& id : ids) {
    const ordered_json& node = *view.find(id);
    const nodes::NodeType* type = registry.find(api_class(node));
    if (type == nullptr || !is_guided(*type)) continue;
    for (const ApiLink& link : api_links(node)) {
      const nodes::InputSpec* input = type->find_input(link.input);
      if (input == nullptr || input->type != "CONDITIONING") continue;
      if (std::find(input_names.begin(), input_names.end(), link.input) != input_names.end()) {
        open.push_back(link.source);
      }
    }
  }
  std::set<std::string> encoders;
  std::set<std::pair<std::string, int>> seen;
  while (!open.empty()) {
    const Link link = std::move(open.back());
    open.pop_back();
    const ordered_json* node = view.find(link.node_id);
    if (node == nullptr || !seen.emplace(link.node_id, link.output).second) continue;
    const nodes::NodeType* type = registry.find(api_class(*node));
    const nodes::InputSpec* text = type == nullptr ? nullptr : type->find_input("text");
    if (text != nullptr && text->type == "STRING") {
      encoders.insert(link.node_id);
      continue;
    }
    for (ApiLink& next : api_links(*node)) {
      const nodes::InputSpec* input = type == nullptr ? nullptr : type->find_input(next.input);
      if (input != nullptr && input->type != "CONDITIONING") continue;
      // A node that hands on a pair gives the positive one first.
      if (next.input == "negative" && link.output == 0) continue;
      if (next.input == "positive" && link.output == 1) continue;
      open.push_back(std::move(next.source));
    }
  }
  return encoders;
}

std::vector<Target> text_targets(const ordered_json& graph, bool negative,
                                 const NodeRegistry& registry) {
  const std::vector<std::string> ids = needed_ids(graph, registry);
  const std::set<std::string> positive =
      encoders_behind(graph, ids, {"positive", "conditioning", "cond1", "cond2"}, registry);
  std::vector<Target> targets;
  if (!negative) {
    for (const std::string& id : positive) targets.push_back({id, "text"});
    return targets;
  }
  const std::set<std::string> behind = encoders_behind(graph, ids, {"negative"}, registry);
  bool shared = false;
  for (const std::string& id : behind) {
    // A negative made of the prompt (zeroed out, say) has no text of its own.
    shared = shared || positive.contains(id);
    if (!positive.contains(id)) targets.push_back({id, "text"});
  }
  if (targets.empty() && shared) {
    fail(
        "--negative: the negative conditioning of this workflow is made of the prompt itself, so "
        "it has no text to set");
  }
  return targets;
}

struct Shortcut {
  const char* name;
  std::vector<const char*> inputs;
  const char* output = nullptr;  // what a node must give to count; null: anything
  bool must_agree = false;
};

const std::vector<Shortcut>& shortcuts() {
  static const std::vector<Shortcut> kShortcuts = {
      {"seed", {"seed", "noise_seed"}},
      {"steps", {"steps"}},
      {"cfg", {"cfg"}},
      {"sampler", {"sampler_name"}},
      {"scheduler", {"scheduler"}},
      {"width", {"width"}, "LATENT"},
      {"height", {"height"}, "LATENT"},
      {"model", {"unet_name", "ckpt_name"}, "MODEL", true},
      {"text-encoder", {"clip_name"}, "CLIP", true},
      {"vae", {"vae_name"}, "VAE", true},
  };
  return kShortcuts;
}

std::vector<Target> shortcut_targets(const ordered_json& graph, const Shortcut& shortcut,
                                     const NodeRegistry& registry) {
  const ApiView view(graph);
  std::vector<Target> targets;
  for (const std::string& id : needed_ids(graph, registry)) {
    const nodes::NodeType* type = registry.find(api_class(*view.find(id)));
    if (type == nullptr) continue;
    if (shortcut.output != nullptr && !gives(*type, shortcut.output)) continue;
    // An upscaler has a width too, but the picture's is that of the latent it begins with.
    const bool is_size =
        std::string_view(shortcut.name) == "width" || std::string_view(shortcut.name) == "height";
    if (is_size && (takes(*type, "LATENT") || takes(*type, "IMAGE"))) continue;
    for (const char* name : shortcut.inputs) {
      const nodes::InputSpec* input = type->find_input(name);
      if (input != nullptr && input->is_widget()) targets.push_back({id, name});
    }
  }
  return targets;
}

void require_agreement(ordered_json& graph, const std::string& name,
                       const std::vector<Target>& targets) {
  std::set<std::string> values;
  std::string list;
  for (const Target& target : targets) {
    const ordered_json& inputs = inputs_of(graph, target.node_id);
    const auto found = inputs.find(target.input);
    const ordered_json value = found == inputs.end() ? ordered_json() : *found;
    values.insert(value.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
    list +=
        "\n- " + describe_api_node(target.node_id, graph[target.node_id]) + ": `" + target.input +
        "` is " +
        (value.is_string() ? text::quoted(value.get<std::string>())
                           : value.dump(-1, ' ', false, ordered_json::error_handler_t::replace));
  }
  if (values.size() < 2) return;
  fail("--" + name +
       ": this workflow has several that differ; say which one you mean with --set "
       "NODE." +
       targets.front().input + "=VALUE:" + list);
}

}  // namespace

void apply_setting(ApiWorkflow& workflow, const std::string& setting,
                   const NodeRegistry& registry) {
  const std::string shape = "NODE.INPUT=VALUE, as in 8.steps=12 or \"KSampler.seed=7\"";
  bool has_shape = false;
  // Titles may contain the signs, so each place where the name may end is tried.
  std::string first_node, first_input;
  for (size_t equals = setting.find('='); equals != std::string::npos;
       equals = setting.find('=', equals + 1)) {
    const size_t dot = setting.rfind('.', equals);
    if (dot == std::string::npos || dot == 0 || dot + 1 == equals) continue;
    const std::string node = setting.substr(0, dot);
    const std::string input = setting.substr(dot + 1, equals - dot - 1);
    const std::string text = setting.substr(equals + 1);
    if (!has_shape) first_node = node, first_input = input;
    has_shape = true;

    std::vector<Target> targets = promoted_targets(workflow, node, input);
    const std::vector<std::string> ids = nodes_called(workflow.graph, node, registry);
    if (targets.empty() && ids.size() > 1) {
      fail("--set " + text::quoted(setting) + ": " + std::to_string(ids.size()) +
           " nodes are called " + text::quoted(node) +
           "; use an id:" + list_nodes(workflow.graph, ids));
    }
    if (targets.empty() && ids.size() == 1) targets.push_back({ids.front(), input});
    for (const Target& target : targets) {
      set_input(workflow.graph, target, setting, text, registry);
    }
    if (!targets.empty()) return;
  }
  if (!has_shape) fail("--set " + text::quoted(setting) + " must have the form " + shape);
  std::string owners;
  std::set<std::string> labels;
  for (const PromotedInput& promoted : workflow.promoted) {
    if (promoted.owner == first_node || same_text(promoted.owner_title, first_node)) {
      labels.insert(promoted.label.empty() ? promoted.name : promoted.label);
    }
  }
  if (!labels.empty()) {
    fail("--set " + text::quoted(setting) + ": the subgraph " + text::quoted(first_node) +
         " shows no `" + first_input + "`; it shows " +
         text::list_names({labels.begin(), labels.end()}));
  }
  fail("--set " + text::quoted(setting) + ": no node has the id, title or class " +
       text::quoted(first_node) +
       ". There are:" + list_nodes(workflow.graph, all_ids(workflow.graph)));
}

void apply_shortcut(ordered_json& graph, const std::string& name, const ordered_json& value,
                    const NodeRegistry& registry) {
  std::vector<Target> targets;
  bool must_agree = true;
  if (name == "prompt" || name == "negative") {
    targets = text_targets(graph, name == "negative", registry);
  } else {
    const std::vector<Shortcut>& known = shortcuts();
    const auto found = std::find_if(known.begin(), known.end(),
                                    [&](const Shortcut& one) { return one.name == name; });
    if (found == known.end()) throw Error(ErrorKind::kInternal, "there is no shortcut " + name);
    targets = shortcut_targets(graph, *found, registry);
    must_agree = found->must_agree;
  }
  if (targets.empty()) {
    fail("--" + name +
         ": no node that an output needs has it; set it with --set NODE.INPUT=VALUE "
         "(`zanime graph` shows the nodes)");
  }
  if (must_agree) require_agreement(graph, name, targets);
  for (const Target& target : targets) inputs_of(graph, target.node_id)[target.input] = value;
}

}  // namespace zanime::graph
