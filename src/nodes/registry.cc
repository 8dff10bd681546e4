#include "nodes/registry.h"

#include "base/error.h"
#include "nodes/core/core_nodes.h"

namespace zanime::nodes {

NodeRegistry NodeRegistry::standard(bool with_extra_nodes) {
  NodeRegistry registry;
  registry.with_extra_nodes_ = with_extra_nodes;
  add_loader_nodes(registry);
  add_adapter_nodes(registry);
  add_gguf_loader_nodes(registry);
  add_conditioning_nodes(registry);
  add_conditioning_operation_nodes(registry);
  add_latent_nodes(registry);
  add_sampling_nodes(registry);
  add_custom_sampling_nodes(registry);
  add_noise_mask_nodes(registry);
  add_image_nodes(registry);
  add_save_image_advanced_node(registry);
  add_load_image_nodes(registry);
  add_mask_nodes(registry);
  add_image_scale_nodes(registry);
  add_encode_nodes(registry);
  add_tiled_nodes(registry);
  add_latent_operation_nodes(registry);
  add_latent_file_nodes(registry);
  add_resolution_nodes(registry);
  return registry;
}

void NodeRegistry::add(NodeType type) {
  if (!type.is_core && !with_extra_nodes_) {
    left_out_.insert(type.class_name);
    return;
  }
  const std::string name = type.class_name;
  if (!types_.emplace(name, std::move(type)).second) {
    throw Error(ErrorKind::kInternal, "two node types are called " + name);
  }
  order_.push_back(name);
}

const NodeType* NodeRegistry::find(const std::string& class_name) const {
  const auto found = types_.find(class_name);
  return found == types_.end() ? nullptr : &found->second;
}

std::vector<const NodeType*> NodeRegistry::all() const {
  std::vector<const NodeType*> result;
  for (const std::string& name : order_) result.push_back(find(name));
  return result;
}

}  // namespace zanime::nodes
