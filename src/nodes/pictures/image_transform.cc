// Cutting, turning, padding and stitching pictures.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "base/error.h"
#include "nodes/common_inputs.h"
#include "nodes/core_nodes.h"
#include "nodes/pictures/picture_tensors.h"
#include "pictures/axes.h"
#include "pictures/resample.h"
#include "sampling/noise.h"

namespace zanime::nodes {
namespace {

// The part of pictures that begins at (x, y), moved inside where it begins beyond them.
Tensor part_of(const Tensor& pixels, int64_t x, int64_t y, int64_t width, int64_t height) {
  x = std::min(x, pixels.dim(2) - 1);
  y = std::min(y, pixels.dim(1) - 1);
  return pictures::crop_pixels(pixels, y, x, std::min(height, pixels.dim(1) - y),
                               std::min(width, pixels.dim(2) - x));
}

std::vector<Value> crop_image(const Arguments& arguments, NodeContext&) {
  return {Image{part_of(arguments.get<Image>("image").pixels, arguments.integer("x"),
                        arguments.integer("y"), arguments.integer("width"),
                        arguments.integer("height"))}};
}

std::vector<Value> crop_to_region(const Arguments& arguments, NodeContext&) {
  const auto& box = arguments.get<BoundingBox>("crop_region");
  return {
      Image{part_of(arguments.get<Image>("image").pixels, box.x, box.y, box.width, box.height)}};
}

std::vector<Value> make_bounding_box(const Arguments& arguments, NodeContext&) {
  return {BoundingBox{arguments.integer("x"), arguments.integer("y"), arguments.integer("width"),
                      arguments.integer("height")}};
}

// In steps of 1 / 255, as pictures are that went through 8 bits.
Tensor in_8_bits(const Tensor& pixels) {
  Tensor out(pixels.shape());
  for (int64_t i = 0; i < out.size(); ++i) {
    const float level = std::clamp(pixels.data()[i] * 255.0f, 0.0f, 255.0f);
    out.data()[i] = std::floor(level) / 255.0f;
  }
  return out;
}

std::vector<Value> crop_centre(const Arguments& arguments, NodeContext&) {
  const Tensor& pixels = arguments.get<Image>("images").pixels;
  const int64_t width = arguments.integer("width"), height = arguments.integer("height");
  const int64_t left = std::max<int64_t>(0, (pixels.dim(2) - width) / 2);
  const int64_t top = std::max<int64_t>(0, (pixels.dim(1) - height) / 2);
  return {Image{in_8_bits(part_of(pixels, left, top, width, height))}};
}

// From 0 to `largest`, as NumPy's RandomState.randint draws: as many bits as needed, again while
// they are too large.
int64_t random_integer(sampling::MersenneTwister& generator, int64_t largest) {
  uint32_t mask = static_cast<uint32_t>(largest);
  for (const int shift : {1, 2, 4, 8, 16}) mask |= mask >> shift;
  for (;;) {
    const auto drawn = static_cast<int64_t>(generator.next() & mask);
    if (drawn <= largest) return drawn;
  }
}

std::vector<Value> crop_at_random(const Arguments& arguments, NodeContext&) {
  constexpr uint64_t kSeeds = 0xffffffffu;  // NumPy takes a seed modulo 2^32 - 1 here
  const Tensor& pixels = arguments.get<Image>("images").pixels;
  const int64_t width = arguments.integer("width"), height = arguments.integer("height");
  const int64_t spare_width = std::max<int64_t>(0, pixels.dim(2) - width);
  const int64_t spare_height = std::max<int64_t>(0, pixels.dim(1) - height);
  // Every picture of a batch is cut at the same place.
  sampling::MersenneTwister generator(arguments.seed("seed") % kSeeds);
  const int64_t left = spare_width > 0 ? random_integer(generator, spare_width) : 0;
  const int64_t top = spare_height > 0 ? random_integer(generator, spare_height) : 0;
  return {Image{in_8_bits(part_of(pixels, left, top, width, height))}};
}

std::vector<Value> flip_image(const Arguments& arguments, NodeContext&) {
  const bool upside_down = arguments.text("flip_method").starts_with("x");
  return {Image{pictures::flip(arguments.get<Image>("image").pixels, upside_down ? 1 : 2)}};
}

std::vector<Value> rotate_image(const Arguments& arguments, NodeContext&) {
  return {Image{pictures::rotate(arguments.get<Image>("image").pixels, 1,
                                 quarter_turns(arguments.text("rotation")))}};
}

// 1 where the picture was extended; inside it falls off with the square of the distance from an
// extended edge, over `feathering` pixels.
Tensor outpaint_mask(int64_t height, int64_t width, const Arguments& arguments) {
  const int64_t left = arguments.integer("left"), top = arguments.integer("top");
  const int64_t right = arguments.integer("right"), bottom = arguments.integer("bottom");
  const int64_t feathering = arguments.integer("feathering");
  const bool feathered = feathering > 0 && feathering * 2 < height && feathering * 2 < width;
  Tensor inside = Tensor::zeros({1, height, width});
  for (int64_t y = 0; feathered && y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      const int64_t distance = std::min({top > 0 ? y : height, bottom > 0 ? height - y : height,
                                         left > 0 ? x : width, right > 0 ? width - x : width});
      if (distance >= feathering) continue;
      const double share =
          static_cast<double>(feathering - distance) / static_cast<double>(feathering);
      inside.data()[y * width + x] = static_cast<float>(share * share);
    }
  }
  return pictures::pad(pictures::pad(inside, 1, top, bottom, 1.0f), 2, left, right, 1.0f);
}

std::vector<Value> pad_for_outpainting(const Arguments& arguments, NodeContext&) {
  constexpr float kGrey = 0.5f;
  const Tensor& pixels = arguments.get<Image>("image").pixels;
  const Tensor tall =
      pictures::pad(pixels, 1, arguments.integer("top"), arguments.integer("bottom"), kGrey);
  return {
      Image{pictures::pad(tall, 2, arguments.integer("left"), arguments.integer("right"), kGrey)},
      Mask{outpaint_mask(pixels.dim(1), pixels.dim(2), arguments)}};
}

std::vector<Value> resize_and_pad(const Arguments& arguments, NodeContext&) {
  const Tensor& pixels = arguments.get<Image>("image").pixels;
  int64_t width = arguments.integer("target_width"), height = arguments.integer("target_height");
  const int64_t whole_width = width, whole_height = height;
  const double across = static_cast<double>(width) / static_cast<double>(pixels.dim(2));
  const double down = static_cast<double>(height) / static_cast<double>(pixels.dim(1));
  if (across != down) {
    const double scale = std::min(across, down);
    width = static_cast<int64_t>(static_cast<double>(pixels.dim(2)) * scale);
    height = static_cast<int64_t>(static_cast<double>(pixels.dim(1)) * scale);
  }
  if (width < 1 || height < 1) {
    throw Error(ErrorKind::kGraph, "a picture of " + std::to_string(pixels.dim(2)) + " x " +
                                       std::to_string(pixels.dim(1)) + " does not fit into " +
                                       std::to_string(whole_width) + " x " +
                                       std::to_string(whole_height) + "; take a larger target");
  }
  const float colour = arguments.text("padding_color") == "black" ? 0.0f : 1.0f;
  const Tensor resized = pictures::resize_pixels(
      pixels, height, width, pictures::resize_method(arguments.text("interpolation")));
  const int64_t top = (whole_height - height) / 2, left = (whole_width - width) / 2;
  const Tensor tall = pictures::pad(resized, 1, top, whole_height - height - top, colour);
  return {Image{pictures::pad(tall, 2, left, whole_width - width - left, colour)}};
}

// The last picture again until there are `batch`.
Tensor lengthened(const Tensor& pixels, int64_t batch) {
  std::vector<Tensor> parts{pixels};
  for (int64_t i = pixels.dim(0); i < batch; ++i) {
    parts.push_back(pixels.rows(pixels.dim(0) - 1, 1));
  }
  return pictures::join(parts, 0);
}

// Centred along an axis between bars of one value.
Tensor centred(const Tensor& pixels, int axis, int64_t extent, float value) {
  const int64_t before = (extent - pixels.dim(axis)) / 2;
  return pictures::pad(pixels, axis, before, extent - pixels.dim(axis) - before, value);
}

struct SpacingColour {
  const char* name;
  std::array<float, 3> rgb;
};
constexpr SpacingColour kSpacingColours[] = {{"white", {1, 1, 1}},
                                             {"black", {0, 0, 0}},
                                             {"red", {1, 0, 0}},
                                             {"green", {0, 1, 0}},
                                             {"blue", {0, 0, 1}}};

std::vector<std::string> spacing_colour_names() {
  std::vector<std::string> names;
  for (const SpacingColour& colour : kSpacingColours) names.emplace_back(colour.name);
  return names;
}

std::array<float, 3> spacing_colour(const std::string& name) {
  for (const SpacingColour& colour : kSpacingColours) {
    if (name == colour.name) return colour.rgb;
  }
  throw Error(ErrorKind::kInternal, "there is no colour called " + name);
}

// Of one colour, opaque where there is a fourth channel.
Tensor bar(Shape shape, const std::array<float, 3>& rgb) {
  Tensor out(shape);
  const int64_t channels = shape[3];
  for (int64_t i = 0; i < out.size(); ++i) {
    const auto channel = static_cast<size_t>(i % channels);
    out.data()[i] = channel < rgb.size() ? rgb[channel] : 1.0f;
  }
  return out;
}

std::vector<Value> stitch_images(const Arguments& arguments, NodeContext&) {
  Tensor first = arguments.get<Image>("image1").pixels;
  if (!arguments.has("image2")) return {Image{first}};
  Tensor second = arguments.get<Image>("image2").pixels;
  const int64_t batch = std::max(first.dim(0), second.dim(0));
  first = lengthened(first, batch);
  second = lengthened(second, batch);

  const std::string& direction = arguments.text("direction");
  const int along = direction == "left" || direction == "right" ? 2 : 1;
  const int other = 3 - along;
  const std::string& colour = arguments.text("spacing_color");
  if (arguments.get<bool>("match_image_size")) {
    const double shape = static_cast<double>(second.dim(2)) / static_cast<double>(second.dim(1));
    const auto side = static_cast<double>(first.dim(other));
    const auto length = static_cast<int64_t>(along == 2 ? side * shape : side / shape);
    if (length < 1) {
      throw Error(
          ErrorKind::kGraph,
          "nothing would be left of `image2` beside `image1`; switch `match_image_size` off");
    }
    second = along == 2 ? pictures::resize_pixels(second, first.dim(1), length,
                                                  pictures::ResizeMethod::kLanczos)
                        : pictures::resize_pixels(second, length, first.dim(2),
                                                  pictures::ResizeMethod::kLanczos);
  } else {
    // Bars are grey levels: black where the spacing has a colour, as in the reference.
    const float level = colour == "white" ? 1.0f : 0.0f;
    const int64_t extent = std::max(first.dim(other), second.dim(other));
    first = centred(first, other, extent, level);
    second = centred(second, other, extent, level);
  }
  const int64_t channels = std::max(first.dim(3), second.dim(3));
  std::vector<Tensor> parts{with_channels(first, channels), with_channels(second, channels)};
  if (direction == "left" || direction == "up") std::swap(parts[0], parts[1]);
  const int64_t spacing = arguments.integer("spacing_width");
  if (spacing > 0) {
    Shape shape = parts.front().shape();
    shape[along] = spacing + spacing % 2;
    parts.insert(parts.begin() + 1, bar(shape, spacing_colour(colour)));
  }
  return {Image{pictures::join(parts, along)}};
}

InputSpec crop_side(std::string name) {
  return integer(std::move(name), 512, 1, kMaxResolution).tip("In pixels.");
}
InputSpec crop_place(std::string name) {
  return integer(std::move(name), 0, 0, kMaxResolution).tip("In pixels.");
}
InputSpec padding_input(std::string name) {
  return integer(std::move(name), 0, 0, kMaxResolution, 8).tip("Pixels to add.");
}
InputSpec dataset_side(std::string name) {
  constexpr int64_t kMaxSide = 8192;
  return integer(std::move(name), 512, 1, kMaxSide).tip("In pixels.");
}

}  // namespace

int64_t quarter_turns(const std::string& rotation) {
  return rotation.starts_with("90")    ? 1
         : rotation.starts_with("180") ? 2
         : rotation.starts_with("270") ? 3
                                       : 0;
}

InputSpec flip_method_input() {
  return choice("flip_method", {"x-axis: vertically", "y-axis: horizontally"});
}

InputSpec rotation_input() {
  return choice("rotation", {"none", "90 degrees", "180 degrees", "270 degrees"}).tip("Clockwise.");
}

void add_image_transform_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "ImageCrop",
      .display_name = "Crop Image",
      .category = "image/transform",
      .description = "Cuts a part out of pictures.",
      .inputs = {link("image", "IMAGE"), crop_side("width"), crop_side("height"), crop_place("x"),
                 crop_place("y")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = crop_image,
  });
  types.push_back({
      .class_name = "ImageCropV2",
      .display_name = "Crop Image",
      .category = "image/transform",
      .description = "Cuts a box out of pictures.",
      .inputs = {link("image", "IMAGE"),
                 link("crop_region", "BOUNDING_BOX")
                     .tip("A link, or an object with `x`, `y`, `width` and `height`.")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = crop_to_region,
  });
  types.push_back({
      .class_name = "PrimitiveBoundingBox",
      .display_name = "Bounding Box",
      .category = "utilities/primitive",
      .description = "A box in a picture.",
      .inputs = {crop_place("x"), crop_place("y"), crop_side("width"), crop_side("height")},
      .outputs = {{"BOUNDING_BOX", "BOUNDING_BOX"}},
      .is_core = false,
      .run = make_bounding_box,
  });
  types.push_back({
      .class_name = "CenterCropImages",
      .display_name = "Crop Image (Center)",
      .category = "image/transform",
      .description = "Cuts out the middle of pictures.",
      .inputs = {link("images", "IMAGE").tip("The pictures to cut."), dataset_side("width"),
                 dataset_side("height")},
      .outputs = {{"IMAGE", "images"}},
      .is_core = false,
      .run = crop_centre,
  });
  types.push_back({
      .class_name = "RandomCropImages",
      .display_name = "Crop Image (Random)",
      .category = "image/transform",
      .description = "Cuts a part out of pictures at a place that a seed chooses.",
      .inputs = {link("images", "IMAGE").tip("The pictures to cut."), dataset_side("width"),
                 dataset_side("height"),
                 integer("seed", 0, 0, std::numeric_limits<uint64_t>::max())},
      .outputs = {{"IMAGE", "images"}},
      .is_core = false,
      .run = crop_at_random,
  });
  types.push_back({
      .class_name = "ImageFlip",
      .display_name = "Flip Image",
      .category = "image/transform",
      .description = "Mirrors pictures.",
      .inputs = {link("image", "IMAGE"), flip_method_input()},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = flip_image,
  });
  types.push_back({
      .class_name = "ImageRotate",
      .display_name = "Rotate Image",
      .category = "image/transform",
      .description = "Turns pictures by quarters.",
      .inputs = {link("image", "IMAGE"), rotation_input()},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = rotate_image,
  });
  types.push_back({
      .class_name = "ImagePadForOutpaint",
      .display_name = "Pad Image for Outpainting",
      .category = "image/transform",
      .description = "Adds grey around pictures, and a mask of what is to be painted there.",
      .inputs = {link("image", "IMAGE"), padding_input("left"), padding_input("top"),
                 padding_input("right"), padding_input("bottom"),
                 integer("feathering", 40, 0, kMaxResolution)
                     .tip("Over so many pixels the mask fades into the picture.")},
      .outputs = {{"IMAGE", "IMAGE"}, {"MASK", "MASK"}},
      .run = pad_for_outpainting,
  });
  types.push_back({
      .class_name = "ImageStitch",
      .display_name = "Stitch Images",
      .category = "image/transform",
      .description = "Sets a picture beside another.",
      .inputs =
          {link("image1", "IMAGE"),
           choice("direction", {"right", "down", "left", "up"}, "right").tip("Where image2 lies."),
           boolean("match_image_size", true).tip("Resize image2 to the side they share."),
           integer("spacing_width", 0, 0, 1024, 2).tip("Pixels between them."),
           choice("spacing_color", spacing_colour_names(), "white"),
           link("image2", "IMAGE").optional()},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = stitch_images,
  });
  types.push_back({
      .class_name = "ResizeAndPadImage",
      .display_name = "Resize And Pad Image",
      .category = "image/transform",
      .description = "Fits pictures into a size, with bars where their shape is another.",
      .inputs = {link("image", "IMAGE"), crop_side("target_width"), crop_side("target_height"),
                 choice("padding_color", {"white", "black"}),
                 choice("interpolation",
                        {"area", "bicubic", "nearest-exact", "bilinear", "lanczos"})},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = resize_and_pad,
  });
}

}  // namespace zanime::nodes
