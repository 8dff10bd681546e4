#include "engine/parameters_text.h"

#include <set>
#include <vector>

#include "engine/version.h"

namespace zanime {
namespace {

using nlohmann::ordered_json;

// A node of a graph, and the way to the nodes above it.
class NodeView {
 public:
  NodeView(const ordered_json& graph, const std::string& id) : graph_(graph) {
    const auto found = graph.find(id);
    if (found != graph.end() && found->is_object() && found->contains("class_type") &&
        found->contains("inputs") && (*found)["inputs"].is_object()) {
      node_ = &*found;
    }
  }

  bool exists() const { return node_ != nullptr; }
  const ordered_json* input(const std::string& name) const {
    if (node_ == nullptr) return nullptr;
    const auto found = (*node_)["inputs"].find(name);
    return found == (*node_)["inputs"].end() ? nullptr : &*found;
  }
  NodeView above(const std::string& name) const {
    const ordered_json* value = input(name);
    return {graph_, value == nullptr ? "" : linked_id(*value)};
  }
  std::vector<std::string> all_above() const {
    std::vector<std::string> ids;
    if (node_ == nullptr) return ids;
    for (const auto& [name, value] : (*node_)["inputs"].items()) {
      if (std::string id = linked_id(value); !id.empty()) ids.push_back(std::move(id));
    }
    return ids;
  }

 private:
  static std::string linked_id(const ordered_json& value) {
    return value.is_array() && value.size() == 2 && value[0].is_string()
               ? value[0].get<std::string>()
               : "";
  }

  const ordered_json& graph_;
  const ordered_json* node_ = nullptr;
};

// The nearest node from `id` upwards that has the plain input `input`.
NodeView nearest_with(const ordered_json& graph, const std::string& id, const std::string& input) {
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
std::string prompt_of(const ordered_json& graph, const NodeView& sampler,
                      const std::string& input) {
  const ordered_json* link = sampler.input(input);
  if (link == nullptr || !link->is_array() || link->empty() || !(*link)[0].is_string()) return "";
  const NodeView node = nearest_with(graph, (*link)[0].get<std::string>(), "text");
  const ordered_json* text = node.input("text");
  return text != nullptr && text->is_string() ? text->get<std::string>() : "";
}

}  // namespace

std::string parameters_text(const ordered_json& graph, const std::string& output_id) {
  const NodeView sampler = nearest_with(graph, output_id, "steps");
  if (!sampler.exists()) return "";

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
  const NodeView shifted = sampler.above("model");
  add_input("Shift", shifted, "shift");
  add_input("Seed", sampler, "seed");
  add_input("Seed", sampler, "noise_seed");
  if (const ordered_json* latent = sampler.input("latent_image");
      latent != nullptr && latent->is_array() && !latent->empty() && (*latent)[0].is_string()) {
    const NodeView size = nearest_with(graph, (*latent)[0].get<std::string>(), "width");
    const ordered_json* width = size.input("width");
    const ordered_json* height = size.input("height");
    if (width != nullptr && height != nullptr) add("Size", plain(*width) + "x" + plain(*height));
  }
  if (const ordered_json* denoise = sampler.input("denoise");
      denoise != nullptr && denoise->is_number() && denoise->get<double>() != 1.0) {
    add("Denoising strength", plain(*denoise));
  }
  add_input("Model", nearest_with(graph, output_id, "unet_name"), "unet_name");
  add("Version", std::string("zanime ") + version());
  return text + (text.empty() ? "" : "\n") + details;
}

}  // namespace zanime
