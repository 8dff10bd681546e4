// ImageScale and its kin, and GetImageSize.
#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "nodes/common_inputs.h"
#include "nodes/core_nodes.h"
#include "pictures/resample.h"

namespace zanime::nodes {
namespace {

Image resized(const Image& image, int64_t width, int64_t height, const Arguments& arguments,
              bool crop = false) {
  if (width < 1 || height < 1) {
    throw Error(ErrorKind::kGraph, "the picture of " + std::to_string(image.pixels.dim(2)) + " x " +
                                       std::to_string(image.pixels.dim(1)) +
                                       " pixels would become " + std::to_string(width) + " x " +
                                       std::to_string(height) + "; scale it to a larger size");
  }
  Tensor pixels = image.pixels;
  if (crop) {
    const pictures::CentreCrop part =
        pictures::centre_crop(pixels.dim(1), pixels.dim(2), height, width);
    pixels = pictures::crop_pixels(pixels, part.top, part.left, part.height, part.width);
  }
  return {pictures::resize_pixels(pixels, height, width,
                                  pictures::resize_method(arguments.text("upscale_method")))};
}

double ratio(int64_t a, int64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

std::vector<Value> scale(const Arguments& arguments, NodeContext&) {
  const Image& image = arguments.get<Image>("image");
  int64_t width = arguments.integer("width"), height = arguments.integer("height");
  if (width == 0 && height == 0) return {image};
  const int64_t old_height = image.pixels.dim(1), old_width = image.pixels.dim(2);
  if (width == 0) {
    width = std::max<int64_t>(1, pictures::round_half_even(ratio(old_width * height, old_height)));
  } else if (height == 0) {
    height = std::max<int64_t>(1, pictures::round_half_even(ratio(old_height * width, old_width)));
  }
  return {resized(image, width, height, arguments, arguments.text("crop") == "center")};
}

std::vector<Value> scale_by(const Arguments& arguments, NodeContext&) {
  const Image& image = arguments.get<Image>("image");
  const double factor = arguments.real("scale_by");
  return {resized(
      image, pictures::round_half_even(static_cast<double>(image.pixels.dim(2)) * factor),
      pictures::round_half_even(static_cast<double>(image.pixels.dim(1)) * factor), arguments)};
}

std::vector<Value> scale_to_total_pixels(const Arguments& arguments, NodeContext&) {
  const Image& image = arguments.get<Image>("image");
  const double height = static_cast<double>(image.pixels.dim(1));
  const double width = static_cast<double>(image.pixels.dim(2));
  const int64_t steps = arguments.integer("resolution_steps");
  const double total = arguments.real("megapixels") * 1024 * 1024;
  const double factor = std::sqrt(total / (width * height));
  const auto side = [&](double old) {
    return pictures::round_half_even(old * factor / static_cast<double>(steps)) * steps;
  };
  return {resized(image, side(width), side(height), arguments)};
}

std::vector<Value> scale_to_max_dimension(const Arguments& arguments, NodeContext&) {
  const Image& image = arguments.get<Image>("image");
  const int64_t height = image.pixels.dim(1), width = image.pixels.dim(2);
  const int64_t largest = arguments.integer("largest_size");
  const auto other = [&](int64_t shorter, int64_t longer) {
    return pictures::round_half_even(ratio(shorter, longer) * static_cast<double>(largest));
  };
  return {resized(image, height > width ? other(width, height) : largest,
                  width > height ? other(height, width) : largest, arguments)};
}

std::vector<Value> image_size(const Arguments& arguments, NodeContext&) {
  const Tensor& pixels = arguments.get<Image>("image").pixels;
  return {WideInt{pixels.dim(2)}, WideInt{pixels.dim(1)}, WideInt{pixels.dim(0)}};
}

InputSpec image_method_input() {
  return choice("upscale_method", pictures::picture_resize_methods())
      .tip("How new pixels come from old ones.");
}

}  // namespace

void add_image_scale_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "ImageScale",
      .display_name = "Upscale Image",
      .category = "image/upscaling",
      .description = "Scales pictures to a width and height.",
      .inputs = {link("image", "IMAGE"), image_method_input(),
                 integer("width", 512, 0, kMaxResolution).tip("0: as the height asks for."),
                 integer("height", 512, 0, kMaxResolution).tip("0: as the width asks for."),
                 choice("crop", {"disabled", "center"})
                     .tip("center: cut off what does not fit the new shape, else stretch.")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .run = scale,
  });
  types.push_back({
      .class_name = "ImageScaleBy",
      .display_name = "Upscale Image By",
      .category = "image/upscaling",
      .description = "Scales pictures by a factor.",
      .inputs = {link("image", "IMAGE"), image_method_input(),
                 real("scale_by", 1.0, 0.01, 8.0, 0.01)},
      .outputs = {{"IMAGE", "IMAGE"}},
      .run = scale_by,
  });
  types.push_back({
      .class_name = "ImageScaleToTotalPixels",
      .display_name = "Scale Image to Total Pixels",
      .category = "image/upscaling",
      .description = "Scales pictures to a number of pixels; the shape stays.",
      .inputs = {link("image", "IMAGE"), image_method_input(),
                 real("megapixels", 1.0, 0.01, 16.0, 0.01).tip("Of 1024 x 1024 pixels."),
                 integer("resolution_steps", 1, 1, 256)
                     .tip("Width and height become multiples of this.")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = scale_to_total_pixels,
  });
  types.push_back({
      .class_name = "ImageScaleToMaxDimension",
      .display_name = "Scale Image to Max Dimension",
      .category = "image/upscaling",
      .description = "Scales pictures until the longer side has a length; the shape stays.",
      .inputs = {link("image", "IMAGE"),
                 choice("upscale_method",
                        {"area", "lanczos", "bilinear", "nearest-exact", "bicubic"})
                     .tip("How new pixels come from old ones."),
                 integer("largest_size", 512, 0, kMaxResolution).tip("In pixels.")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = scale_to_max_dimension,
  });
  types.push_back({
      .class_name = "GetImageSize",
      .display_name = "Get Image Size",
      .category = "image",
      .description = "Gives the width and height of pictures, and how many there are.",
      .inputs = {link("image", "IMAGE"), hidden("unique_id", "UNIQUE_ID")},
      .outputs = {{"INT", "width"}, {"INT", "height"}, {"INT", "batch_size"}},
      .is_core = false,
      .run = image_size,
  });
}

}  // namespace zanime::nodes
