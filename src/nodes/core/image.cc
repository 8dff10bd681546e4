// SaveImage.
#include <filesystem>
#include <string>

#include "base/error.h"
#include "nodes/core/core_nodes.h"
#include "nodes/input_value.h"

namespace zanime::nodes {
namespace {

// A graph comes from anywhere: its prefix must not reach out of the output folder.
std::string check_prefix(const Arguments& plain) {
  constexpr size_t kLongest = 200;
  if (!plain.has("filename_prefix")) return "";
  const std::string& prefix = plain.text("filename_prefix");
  const std::filesystem::path path(prefix);
  bool inside = path.is_relative() && prefix.find('\0') == std::string::npos &&
                prefix.find('\\') == std::string::npos;
  for (const auto& part : path) inside = inside && part != "..";
  if (!inside) {
    return "input `filename_prefix` is " + quoted(prefix) +
           ", which reaches out of the output folder; use a plain name, or folder/name";
  }
  if (prefix.size() > kLongest) {
    return "input `filename_prefix` is " + std::to_string(prefix.size()) +
           " bytes long; the limit is " + std::to_string(kLongest);
  }
  return "";
}

std::vector<Value> save_image(const Arguments& arguments, NodeContext& context) {
  const Image& image = arguments.get<Image>("images");
  const std::string& prefix = arguments.text("filename_prefix");
  // Once more: it may have come along a link.
  const std::string problem = check_prefix(arguments);
  if (!problem.empty()) throw Error(ErrorKind::kGraph, problem);
  context.pictures.save(context.node_id, image, prefix, context.graph);
  return {};
}

}  // namespace

void add_image_nodes(NodeRegistry& registry) {
  registry.add({
      .class_name = "SaveImage",
      .display_name = "Save Image",
      .category = "image",
      .description = "Writes pictures as PNG files that carry this graph.",
      .inputs = {link("images", "IMAGE").tip("The pictures to save."),
                 text("filename_prefix", "ComfyUI")
                     .tip("The beginning of the file name; may hold %width%, %height%, %year%, "
                          "%month%, %day%, %hour%, %minute% and %second%."),
                 hidden("prompt", "PROMPT"), hidden("extra_pnginfo", "EXTRA_PNGINFO")},
      .is_output = true,
      .check = check_prefix,
      .run = save_image,
  });
}

}  // namespace zanime::nodes
