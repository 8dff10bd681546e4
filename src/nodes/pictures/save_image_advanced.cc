// SaveImageAdvanced, SaveAnimatedPNG and SaveAnimatedWEBP: files beyond a PNG of 8 bits.
#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/files/atomic_file.h"
#include "nodes/core_nodes.h"
#include "nodes/pictures/filename_prefix.h"
#include "pictures/animation.h"
#include "pictures/deep_picture.h"
#include "pictures/picture_metadata.h"

namespace zanime::nodes {
namespace {

constexpr const char* kEightBit = "8-bit";
constexpr const char* kSixteenBit = "16-bit";
constexpr const char* kFloat = "32-bit float";

// Once more: it may have come along a link.
std::string picture_prefix(const Arguments& arguments) {
  const std::string problem = check_filename_prefix(arguments);
  if (!problem.empty()) throw Error(ErrorKind::kGraph, problem);
  return arguments.text("filename_prefix");
}

// `encode` makes the bytes when the file is written.
void save_bytes(const Arguments& arguments, NodeContext& context, const Image& image,
                const std::string& extension,
                const std::function<std::vector<std::byte>()>& encode) {
  context.pictures.save_file({.node_id = context.node_id,
                              .prefix = picture_prefix(arguments),
                              .extension = extension,
                              .width = image.pixels.dim(2),
                              .height = image.pixels.dim(1),
                              .write = [&](const std::filesystem::path& path) {
                                const std::vector<std::byte> bytes = encode();
                                files::AtomicFile file(path, bytes.size());
                                file.write_at(0, bytes);
                                return file.commit_new();
                              }});
}

pictures::PictureMetadata metadata_of(const NodeContext& context) {
  return {context.graph.dump(), ""};
}

std::string choice_of(const Arguments& arguments, const std::string& name,
                      const std::string& otherwise) {
  return arguments.has(name) ? arguments.text(name) : otherwise;
}

bool is_exr(const Arguments& arguments) { return arguments.text("format") == "exr"; }

// Each format has bit depths and colour spaces of its own.
std::string check_format(const Arguments& plain) {
  const std::string problem = check_filename_prefix(plain);
  if (!problem.empty() || !plain.has("format")) return problem;
  const std::string format = plain.text("format");
  const std::string depth =
      choice_of(plain, "format.bit_depth", is_exr(plain) ? kFloat : kEightBit);
  if (is_exr(plain) != (depth == kFloat)) {
    return "input `format.bit_depth` is " + depth + ", which a file of format " + format +
           " does not have; " +
           (is_exr(plain) ? "32-bit float is what it has" : "choose 8-bit or 16-bit");
  }
  const std::string space = choice_of(plain, "format.input_color_space", "sRGB");
  if (!is_exr(plain) && space != "sRGB") {
    return "input `format.input_color_space` is " + space +
           ", which only files of format exr can hold; choose sRGB";
  }
  return "";
}

std::vector<Value> save_image_advanced(const Arguments& arguments, NodeContext& context) {
  const Image& image = arguments.get<Image>("images");
  const std::string problem = check_format(arguments);
  if (!problem.empty()) throw Error(ErrorKind::kGraph, problem);
  const bool is_deep = choice_of(arguments, "format.bit_depth", kEightBit) == kSixteenBit;
  if (!is_exr(arguments) && !is_deep) {
    context.pictures.save(context.node_id, image, picture_prefix(arguments), context.graph);
    return {image};
  }
  static const std::map<std::string, pictures::ColourEncoding> kEncodings{
      {"sRGB", pictures::ColourEncoding::kSrgb},
      {"HDR", pictures::ColourEncoding::kHlg},
      {"linear", pictures::ColourEncoding::kLinear}};
  const auto encoding = kEncodings.at(choice_of(arguments, "format.input_color_space", "sRGB"));
  for (int64_t i = 0; i < image.pixels.dim(0); ++i) {
    const Tensor pixels = image.pixels.rows(i, 1);
    save_bytes(arguments, context, image, is_exr(arguments) ? ".exr" : ".png", [&] {
      return is_exr(arguments) ? pictures::encode_exr(pixels, encoding, metadata_of(context))
                               : pictures::encode_deep_png(pixels, metadata_of(context));
    });
  }
  return {image};
}

std::vector<Value> save_animated_png(const Arguments& arguments, NodeContext& context) {
  const Image& image = arguments.get<Image>("images");
  save_bytes(arguments, context, image, ".png", [&] {
    return pictures::encode_animated_png(
        image.pixels, pictures::frame_milliseconds(arguments.real("fps")), metadata_of(context));
  });
  return {image};
}

std::vector<Value> save_animated_webp(const Arguments& arguments, NodeContext& context) {
  static const std::map<std::string, int> kMethods{{"default", 4}, {"fastest", 0}, {"slowest", 6}};
  const Image& image = arguments.get<Image>("images");
  const pictures::WebpOptions options{.lossless = arguments.get<bool>("lossless"),
                                      .quality = static_cast<int>(arguments.integer("quality")),
                                      .method = kMethods.at(arguments.text("method"))};
  save_bytes(arguments, context, image, ".webp", [&] {
    return pictures::encode_animated_webp(image.pixels,
                                          pictures::frame_milliseconds(arguments.real("fps")),
                                          options, metadata_of(context));
  });
  return {image};
}

InputSpec fps_input() { return real("fps", 6.0, 0.01, 1000.0, 0.01); }

void add_animation_node(NodeTypes& types, const char* class_name, const char* display_name,
                        const char* description, std::vector<InputSpec> options, NodeFunction run) {
  types.push_back(
      {.class_name = class_name,
       .display_name = display_name,
       .category = "video",
       .description = description,
       .inputs =
           std::vector{link("images", "IMAGE"),
                       text("filename_prefix", "ComfyUI").tip("The beginning of the file name.")} +
           std::move(options) +
           std::vector{hidden("prompt", "PROMPT"), hidden("extra_pnginfo", "EXTRA_PNGINFO")},
       .outputs = {{"IMAGE", "images"}},
       .is_output = true,
       .is_core = false,
       .check = check_filename_prefix,
       .run = run});
}

}  // namespace

void add_save_image_advanced_node(NodeTypes& types) {
  types.push_back({
      .class_name = "SaveImageAdvanced",
      .display_name = "Save Image (Advanced)",
      .category = "image",
      .description = "Writes pictures as PNG files of 8 or 16 bits, or as EXR files of light, that "
                     "carry this graph.",
      .inputs = {link("images", "IMAGE").tip("The pictures to save."),
                 text("filename_prefix", "ComfyUI").tip("The beginning of the file name."),
                 choice("format", {"png", "exr"}).tip("The kind of file."),
                 choice("format.bit_depth", {kEightBit, kSixteenBit, kFloat})
                     .tip("Bits of a channel: an EXR has 32-bit float alone.")
                     .optional(),
                 choice("format.input_color_space", {"sRGB", "HDR", "linear"})
                     .tip("What the colours of the picture mean; a PNG is sRGB.")
                     .optional(),
                 hidden("prompt", "PROMPT"), hidden("extra_pnginfo", "EXTRA_PNGINFO")},
      .outputs = {{"IMAGE", "images"}},
      .is_output = true,
      .saves_pictures = true,
      .is_core = false,
      .check = check_format,
      .run = save_image_advanced,
  });
  add_animation_node(types, "SaveAnimatedPNG", "Save Animated PNG",
                     "Writes pictures as one PNG that moves.",
                     {fps_input(), integer("compress_level", 4, 0, 9)
                                       .tip("Means nothing here: frames are packed as SaveImage "
                                            "packs them.")},
                     save_animated_png);
  add_animation_node(types, "SaveAnimatedWEBP", "Save Animated WEBP",
                     "Writes pictures as one WebP that moves.",
                     {fps_input(), boolean("lossless", true), integer("quality", 80, 0, 100),
                      choice("method", {"default", "fastest", "slowest"})},
                     save_animated_webp);
}

}  // namespace zanime::nodes
