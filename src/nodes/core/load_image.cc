// LoadImage.
#include <string>
#include <utility>

#include "nodes/core/core_nodes.h"
#include "nodes/picture_reader.h"

namespace zanime::nodes {
namespace {

// What a picture without transparency has for a mask.
constexpr int64_t kEmptyMaskSide = 64;

std::vector<Value> load_image(const Arguments& arguments, NodeContext& context) {
  ReadPicture picture = read_picture(context.files.find("input", arguments.text("image")));
  Mask mask;
  if (picture.alpha) {
    mask.values = std::move(*picture.alpha);
    for (float& value : mask.values.values()) value = 1.0f - value;
  } else {
    mask.values = Tensor::zeros({int64_t{1}, kEmptyMaskSide, kEmptyMaskSide});
  }
  return {Image{std::move(picture.pixels)}, std::move(mask)};
}

}  // namespace

void add_load_image_nodes(NodeRegistry& registry) {
  registry.add({
      .class_name = "LoadImage",
      .display_name = "Load Image",
      .category = "image",
      .description = "Reads a PNG or JPEG of the input folder. The mask is 1 where the picture is "
                     "transparent.",
      .inputs = {file("image", "input")},
      .outputs = {{"IMAGE", "IMAGE"}, {"MASK", "MASK"}},
      .run = load_image,
  });
}

}  // namespace zanime::nodes
