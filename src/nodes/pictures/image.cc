// SaveImage and PreviewImage. Both hand on what they are given.
#include <string>

#include "base/error.h"
#include "nodes/core_nodes.h"
#include "nodes/pictures/filename_prefix.h"

namespace zanime::nodes {
namespace {

std::vector<Value> save_image(const Arguments& arguments, NodeContext& context) {
  const Image& image = arguments.get<Image>("images");
  const std::string& prefix = arguments.text("filename_prefix");
  // Once more: it may have come along a link.
  const std::string problem = check_filename_prefix(arguments);
  if (!problem.empty()) throw Error(ErrorKind::kGraph, problem);
  context.pictures.save(context.node_id, image, prefix, context.graph);
  return {image};
}

std::vector<Value> preview_image(const Arguments& arguments, NodeContext& context) {
  const Image& image = arguments.get<Image>("images");
  context.pictures.preview(context.node_id, image, context.graph);
  return {image};
}

}  // namespace

void add_image_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "SaveImage",
      .display_name = "Save Image",
      .category = "image",
      .description = "Writes pictures as PNG files that carry this graph.",
      .inputs = {link("images", "IMAGE").tip("The pictures to save."),
                 text("filename_prefix", "ComfyUI")
                     .tip("The beginning of the file name; may hold %width%, %height%, %year%, "
                          "%month%, %day%, %hour%, %minute% and %second%."),
                 hidden("prompt", "PROMPT"), hidden("extra_pnginfo", "EXTRA_PNGINFO")},
      .outputs = {{"IMAGE", "images"}},
      .is_output = true,
      .saves_pictures = true,
      .check = check_filename_prefix,
      .run = save_image,
  });
  types.push_back({
      .class_name = "PreviewImage",
      .display_name = "Preview Image",
      .category = "image",
      .description =
          "Shows pictures without keeping them. In a graph without SaveImage, whose only "
          "results they are, they are saved as `preview`.",
      .inputs = {link("images", "IMAGE").tip("The pictures to show."), hidden("prompt", "PROMPT"),
                 hidden("extra_pnginfo", "EXTRA_PNGINFO")},
      .outputs = {{"IMAGE", "images"}},
      .is_output = true,
      .run = preview_image,
  });
}

}  // namespace zanime::nodes
