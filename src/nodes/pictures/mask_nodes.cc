// MaskToImage and ImageToMask.
#include <string>
#include <vector>

#include "base/error.h"
#include "nodes/core_nodes.h"
#include "pictures/mask_planes.h"

namespace zanime::nodes {
namespace {

std::vector<Value> mask_to_image(const Arguments& arguments, NodeContext&) {
  return {Image{pictures::grey_pixels(arguments.get<Mask>("mask").values)}};
}

std::vector<Value> image_to_mask(const Arguments& arguments, NodeContext&) {
  const std::string& channel = arguments.text("channel");
  const Tensor& pixels = arguments.get<Image>("image").pixels;
  if (channel == "alpha" && pixels.dim(3) < 4) {
    throw Error(ErrorKind::kGraph,
                "the picture has no alpha channel left; take the mask from LoadImage's second "
                "output");
  }
  return {Mask{pictures::colour_plane(pixels, channel)}};
}

}  // namespace

void add_mask_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "MaskToImage",
      .display_name = "Convert Mask to Image",
      .category = "image/mask",
      .description = "Makes a grey picture of a mask.",
      .inputs = {link("mask", "MASK")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = mask_to_image,
  });
  types.push_back({
      .class_name = "ImageToMask",
      .display_name = "Convert Image to Mask",
      .category = "image/mask",
      .description = "Makes a mask of one colour of a picture.",
      .inputs = {link("image", "IMAGE"), choice("channel", {"red", "green", "blue", "alpha"})},
      .outputs = {{"MASK", "MASK"}},
      .is_core = false,
      .run = image_to_mask,
  });
}

}  // namespace zanime::nodes
