// Nodes that show something and hand it on: ImageCompare, MaskPreview.
#include <string>

#include "nodes/core_nodes.h"
#include "pictures/mask_planes.h"

namespace zanime::nodes {
namespace {

std::vector<Value> compare_images(const Arguments& arguments, NodeContext& context) {
  for (const std::string name : {"image_a", "image_b"}) {
    if (!arguments.has(name)) continue;
    context.pictures.preview(context.node_id, arguments.get<Image>(name), context.graph);
  }
  return {};
}

std::vector<Value> preview_mask(const Arguments& arguments, NodeContext& context) {
  const Mask& mask = arguments.get<Mask>("mask");
  context.pictures.preview(context.node_id, Image{pictures::grey_pixels(mask.values)},
                           context.graph);
  return {mask};
}

}  // namespace

void add_viewer_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "ImageCompare",
      .display_name = "Compare Images",
      .category = "image",
      .description = "Shows two pictures without keeping them.",
      .inputs = {link("image_a", "IMAGE").optional(), link("image_b", "IMAGE").optional(),
                 link("compare_view", "*").tip("Of an editor; means nothing here.").optional()},
      .is_output = true,
      .is_core = false,
      .run = compare_images,
  });
  types.push_back({
      .class_name = "MaskPreview",
      .display_name = "Preview Mask",
      .category = "image/mask",
      .description = "Shows masks without keeping them.",
      .inputs = {link("mask", "MASK"), hidden("prompt", "PROMPT"),
                 hidden("extra_pnginfo", "EXTRA_PNGINFO")},
      .outputs = {{"MASK", "mask"}},
      .is_output = true,
      .is_core = false,
      .run = preview_mask,
  });
}

}  // namespace zanime::nodes
