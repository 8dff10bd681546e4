// LoadImage and LoadImageMask.
#include <optional>
#include <string>
#include <utility>

#include "nodes/core_nodes.h"
#include "pictures/mask_planes.h"
#include "pictures/picture_reader.h"

namespace zanime::nodes {
namespace {

// What a picture without transparency has for a mask.
constexpr int64_t kEmptyMaskSide = 64;

Mask mask_of(std::optional<Tensor> alpha) {
  if (!alpha) return {Tensor::zeros({int64_t{1}, kEmptyMaskSide, kEmptyMaskSide})};
  for (float& value : alpha->values()) value = 1.0f - value;
  return {std::move(*alpha)};
}

std::vector<Value> load_image(const Arguments& arguments, NodeContext& context) {
  pictures::ReadPicture picture =
      pictures::read_picture(context.files.find("input", arguments.text("image")));
  Mask mask = mask_of(std::move(picture.alpha));
  return {Image{std::move(picture.pixels)}, std::move(mask)};
}

std::vector<Value> load_image_mask(const Arguments& arguments, NodeContext& context) {
  pictures::ReadPicture picture =
      pictures::read_picture(context.files.find("input", arguments.text("image")));
  const std::string& channel = arguments.text("channel");
  if (channel == "alpha") return {mask_of(std::move(picture.alpha))};
  return {Mask{pictures::colour_plane(picture.pixels, channel)}};
}

}  // namespace

void add_load_image_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "LoadImage",
      .display_name = "Load Image",
      .category = "image",
      .description =
          "Reads a picture of the input folder: PNG, JPEG, WebP, GIF, BMP, TIFF or AVIF. The mask "
          "is 1 where the picture is transparent.",
      .inputs = {file("image", "input")},
      .outputs = {{"IMAGE", "IMAGE"}, {"MASK", "MASK"}},
      .run = load_image,
  });
  types.push_back({
      .class_name = "LoadImageMask",
      .display_name = "Load Image (as Mask)",
      .category = "image",
      .description =
          "Reads a mask from a picture of the input folder: one of its colours, or 1 where it is "
          "transparent.",
      .inputs = {file("image", "input"), choice("channel", pictures::mask_channels())},
      .outputs = {{"MASK", "MASK"}},
      .run = load_image_mask,
  });
}

}  // namespace zanime::nodes
