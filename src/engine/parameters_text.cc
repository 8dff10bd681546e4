#include "engine/parameters_text.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "base/version.h"
#include "graph/api_view.h"

namespace zanime::engine {
namespace {

using nlohmann::ordered_json;

// A node of a graph, and the way to the nodes above it.
class NodeView {
 public:
  NodeView(const graph::ApiView& graph, const std::string& id) : graph_(graph), id_(id) {
    const ordered_json* node = graph.find(id);
    if (node == nullptr || graph::api_class(*node).empty()) return;
    if (graph::api_inputs(*node) != nullptr) node_ = node;
  }

  bool exists() const { return node_ != nullptr; }
  const std::string& id() const { return id_; }
  const ordered_json* input(const std::string& name) const {
    if (node_ == nullptr) return nullptr;
    const ordered_json& inputs = *graph::api_inputs(*node_);
    const auto found = inputs.find(name);
    return found == inputs.end() ? nullptr : &*found;
  }
  NodeView above(const std::string& name) const {
    const ordered_json* value = input(name);
    const auto link = value == nullptr ? std::nullopt : graph::as_link(*value);
    return {graph_, link ? link->node_id : ""};
  }
  // None above a node that takes everything out of the conditioning it is given.
  std::vector<std::string> all_above() const {
    std::vector<std::string> ids;
    if (node_ == nullptr || graph::api_class(*node_) == "ConditioningZeroOut") return ids;
    for (graph::ApiLink& link : graph::api_links(*node_)) {
      ids.push_back(std::move(link.source.node_id));
    }
    return ids;
  }

 private:
  const graph::ApiView& graph_;
  std::string id_;
  const ordered_json* node_ = nullptr;
};

// The nearest node from `id` upwards that has the plain input `input`.
NodeView nearest_with(const graph::ApiView& graph, const std::string& id,
                      const std::string& input) {
  std::vector<std::string> open{id};
  std::set<std::string> seen{id};
  for (size_t i = 0; i < open.size(); ++i) {
    const NodeView node(graph, open[i]);
    const ordered_json* value = node.input(input);
    if (value != nullptr && !value->is_array()) return node;
    for (std::string& next : node.all_above()) {
      if (seen.insert(next).second) open.push_back(std::move(next));
    }
  }
  return {graph, ""};
}

std::string plain(const ordered_json& value) {
  if (value.is_string()) return value.get<std::string>();
  // 3.0 reads better as 3.
  if (value.is_number_float()) {
    std::string text = value.dump();
    if (text.ends_with(".0")) text.resize(text.size() - 2);
    return text;
  }
  return value.dump();
}

// The text of the nearest prompt node above `sampler`'s input.
std::string prompt_of(const graph::ApiView& graph, const NodeView& sampler,
                      const std::string& input) {
  const NodeView node = nearest_with(graph, sampler.above(input).id(), "text");
  const ordered_json* text = node.input("text");
  return text != nullptr && text->is_string() ? text->get<std::string>() : "";
}

// What made the latent of `sampler` larger after another sampler; does not exist where it starts by
// itself.
NodeView enlargement_above(const graph::ApiView& graph, const NodeView& sampler) {
  const NodeView scale = nearest_with(graph, sampler.above("latent_image").id(), "scale_by");
  const bool has_pass_above = scale.exists() && nearest_with(graph, scale.id(), "steps").exists();
  return has_pass_above ? scale : NodeView(graph, "");
}

// "a.safetensors 0.8; b.safetensors 1" of the adapters between the model's file and `sampler`.
std::string adapters_above(const graph::ApiView& graph, const NodeView& sampler) {
  std::string text;
  std::set<std::string> seen;
  std::string id = sampler.above("model").id();
  while (!id.empty() && seen.insert(id).second) {
    const NodeView node(graph, id);
    const ordered_json* name = node.input("lora_name");
    const ordered_json* strength = node.input("strength_model");
    if (name != nullptr && name->is_string() && strength != nullptr && strength->is_number()) {
      // Upwards from the sampler: the first to be applied comes last.
      text = name->get<std::string>() + " " + plain(*strength) + (text.empty() ? "" : "; ") + text;
    }
    id = node.above("model").id();
  }
  return text;
}

}  // namespace

std::string parameters_text(const ordered_json& whole, const std::string& output_id, int64_t width,
                            int64_t height, const ComputeRecord& record) {
  const graph::ApiView graph(whole);
  const NodeView last = nearest_with(graph, output_id, "steps");
  if (!last.exists()) return "";
  const NodeView larger = enlargement_above(graph, last);
  const NodeView sampler = larger.exists() ? nearest_with(graph, larger.id(), "steps") : last;

  std::string text = prompt_of(graph, sampler, "positive");
  if (const std::string negative = prompt_of(graph, sampler, "negative"); !negative.empty()) {
    text += "\nNegative prompt: " + negative;
  }
  std::string details;
  const auto add = [&](const char* name, const std::string& value) {
    details += (details.empty() ? "" : ", ") + std::string(name) + ": " + value;
  };
  const auto add_input = [&](const char* name, const NodeView& node, const char* input) {
    const ordered_json* value = node.input(input);
    if (value != nullptr && !value->is_array()) add(name, plain(*value));
  };
  add_input("Steps", sampler, "steps");
  add_input("Sampler", sampler, "sampler_name");
  add_input("Schedule type", sampler, "scheduler");
  add_input("CFG scale", sampler, "cfg");
  add_input("Shift", sampler.above("model"), "shift");
  add_input("Seed", sampler, "seed");
  add_input("Seed", sampler, "noise_seed");
  const NodeView size = nearest_with(graph, sampler.above("latent_image").id(), "width");
  const ordered_json* stated_width = size.input("width");
  const ordered_json* stated_height = size.input("height");
  if (stated_width != nullptr && stated_height != nullptr) {
    add("Size", plain(*stated_width) + "x" + plain(*stated_height));
  } else if (width > 0 && height > 0 && !larger.exists()) {
    add("Size", std::to_string(width) + "x" + std::to_string(height));
  }
  const ordered_json* denoise = sampler.input("denoise");
  const bool starts_from_picture =
      denoise != nullptr && denoise->is_number() && denoise->get<double>() != 1.0;
  if (starts_from_picture) add("Denoising strength", plain(*denoise));
  if (larger.exists()) {
    add_input("Hires upscale", larger, "scale_by");
    add_input("Hires steps", last, "steps");
    // The name that other programs know, where it is free.
    add_input(starts_from_picture ? "Hires denoising strength" : "Denoising strength", last,
              "denoise");
  }
  if (const std::string adapters = adapters_above(graph, sampler); !adapters.empty()) {
    add("LoRA", adapters);
  }
  add_input("Model", nearest_with(graph, output_id, "unet_name"), "unet_name");
  if (!record.compute.empty()) add("Compute", record.compute);
  // Commas part the details.
  std::string instructions = record.instructions;
  std::replace(instructions.begin(), instructions.end(), ',', ';');
  if (!instructions.empty()) add("Instructions", instructions);
  add("Version", std::string("zanime ") + version());
  return text + (text.empty() ? "" : "\n") + details;
}

ComputeRecord read_compute_record(const std::string& parameters) {
  const std::string details = parameters.substr(parameters.rfind('\n') + 1);
  const auto value_of = [&](const std::string& name) -> std::string {
    const size_t found = details.rfind(name + ": ");
    const bool is_name = found == 0 || (found != std::string::npos && found > 1 &&
                                        details.compare(found - 2, 2, ", ") == 0);
    if (!is_name) return "";
    const size_t start = found + name.size() + 2;
    return details.substr(start, std::min(details.find(", ", start), details.size()) - start);
  };
  return {value_of("Compute"), value_of("Instructions"), value_of("Version")};
}

}  // namespace zanime::engine
