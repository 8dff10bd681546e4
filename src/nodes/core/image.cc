// SaveImage.
#include <array>
#include <ctime>
#include <filesystem>
#include <string>
#include <utility>

#include "base/error.h"
#include "nodes/core/core_nodes.h"
#include "nodes/input_value.h"

namespace zanime::nodes {
namespace {

void replace_all(std::string& text, const std::string& from, const std::string& to) {
  for (size_t at = text.find(from); at != std::string::npos; at = text.find(from, at + to.size())) {
    text.replace(at, from.size(), to);
  }
}

// The words that ComfyUI fills in: %width%, %height% and the parts of the local time.
std::string filled_in(std::string prefix, const Tensor& pixels) {
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  localtime_r(&now, &local);
  const auto time = [&](const char* format) {
    std::array<char, 16> text{};
    std::strftime(text.data(), text.size(), format, &local);
    return std::string(text.data());
  };
  replace_all(prefix, "%width%", std::to_string(pixels.dim(2)));
  replace_all(prefix, "%height%", std::to_string(pixels.dim(1)));
  replace_all(prefix, "%year%", time("%Y"));
  replace_all(prefix, "%month%", time("%m"));
  replace_all(prefix, "%day%", time("%d"));
  replace_all(prefix, "%hour%", time("%H"));
  replace_all(prefix, "%minute%", time("%M"));
  replace_all(prefix, "%second%", time("%S"));
  return prefix;
}

// A graph comes from anywhere: its prefix must not reach out of the output folder.
void check_prefix(const std::string& prefix) {
  const std::filesystem::path path(prefix);
  bool inside = path.is_relative() && prefix.find('\0') == std::string::npos &&
                prefix.find('\\') == std::string::npos;
  for (const auto& part : path) inside = inside && part != "..";
  if (!inside) {
    throw Error(ErrorKind::kGraph, "filename_prefix " + quoted(prefix) +
                                       " reaches out of the output folder; use a plain name, or "
                                       "folder/name");
  }
  if (prefix.size() > 200) {
    throw Error(ErrorKind::kGraph, "filename_prefix is " + std::to_string(prefix.size()) +
                                       " bytes long; the limit is 200");
  }
}

std::vector<Value> save_image(const Arguments& arguments, NodeContext& context) {
  const Image& image = arguments.get<Image>("images");
  const std::string prefix = filled_in(arguments.text("filename_prefix"), image.pixels);
  check_prefix(prefix);
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
      .run = save_image,
  });
}

}  // namespace zanime::nodes
