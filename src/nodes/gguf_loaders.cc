// UnetLoaderGGUF and CLIPLoaderGGUF, the loaders of ComfyUI-GGUF. The plain loaders take GGUF files
// as well.
#include <memory>

#include "checkpoints/open_model.h"
#include "models/next_dit.h"
#include "nodes/core_nodes.h"

namespace zanime::nodes {
namespace {

std::vector<Value> load_gguf_unet(const Arguments& arguments, NodeContext& context) {
  const auto path = context.files.find("diffusion_models", arguments.text("unet_name"));
  return {Model{std::make_shared<const models::NextDit>(
      checkpoints::open_model_weights(path, checkpoints::ModelFamily::kZImage))}};
}

}  // namespace

void add_gguf_loader_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "UnetLoaderGGUF",
      .display_name = "Unet Loader (GGUF)",
      .category = "bootleg",
      .description = "Opens a diffusion model, from a GGUF or a safetensors file.",
      .inputs = {file("unet_name", "diffusion_models")},
      .outputs = {{"MODEL", "MODEL"}},
      .is_core = false,
      .run = load_gguf_unet,
  });
  // The plain loader without its choice of a device.
  NodeType clip = *std::find_if(types.begin(), types.end(), [](const NodeType& type) {
    return type.class_name == "CLIPLoader";
  });
  clip.class_name = "CLIPLoaderGGUF";
  clip.display_name = "CLIPLoader (GGUF)";
  clip.category = "bootleg";
  clip.description = "Opens a text encoder, from a GGUF or a safetensors file.";
  std::erase_if(clip.inputs, [](const InputSpec& input) { return input.name == "device"; });
  clip.is_core = false;
  types.push_back(std::move(clip));
}

}  // namespace zanime::nodes
