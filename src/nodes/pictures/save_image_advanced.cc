// SaveImageAdvanced, as far as it writes what SaveImage writes: PNG of 8 bits.
#include <string>

#include "base/error.h"
#include "nodes/core_nodes.h"
#include "nodes/pictures/filename_prefix.h"

namespace zanime::nodes {
namespace {

std::vector<Value> save_image_advanced(const Arguments& arguments, NodeContext& context) {
  const Image& image = arguments.get<Image>("images");
  // Once more: it may have come along a link.
  const std::string problem = check_filename_prefix(arguments);
  if (!problem.empty()) throw Error(ErrorKind::kGraph, problem);
  context.pictures.save(context.node_id, image, arguments.text("filename_prefix"), context.graph);
  return {image};
}

}  // namespace

void add_save_image_advanced_node(NodeTypes& types) {
  types.push_back({
      .class_name = "SaveImageAdvanced",
      .display_name = "Save Image (Advanced)",
      .category = "image",
      .description = "Writes pictures as PNG files of 8 bits that carry this graph.",
      .inputs = {link("images", "IMAGE").tip("The pictures to save."),
                 text("filename_prefix", "ComfyUI").tip("The beginning of the file name."),
                 choice("format", {"png"}).tip("The kind of file."),
                 choice("format.bit_depth", {"8-bit"}).tip("Bits of a channel.").optional(),
                 choice("format.input_color_space", {"sRGB"})
                     .tip("What the colours of the picture mean.")
                     .optional(),
                 hidden("prompt", "PROMPT"), hidden("extra_pnginfo", "EXTRA_PNGINFO")},
      .outputs = {{"IMAGE", "images"}},
      .is_output = true,
      .saves_pictures = true,
      .is_core = false,
      .check = check_filename_prefix,
      .run = save_image_advanced,
  });
}

}  // namespace zanime::nodes
