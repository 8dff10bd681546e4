// Pictures over pictures, and transparency.
#include <algorithm>
#include <string>

#include "base/error.h"
#include "nodes/common_inputs.h"
#include "nodes/core_nodes.h"
#include "nodes/pictures/picture_tensors.h"
#include "pictures/axes.h"
#include "pictures/blend.h"
#include "pictures/composite.h"
#include "pictures/resample.h"

namespace zanime::nodes {
namespace {

std::vector<Value> composite_image(const Arguments& arguments, NodeContext&) {
  const Tensor& destination = arguments.get<Image>("destination").pixels;
  const Tensor source = with_channels(arguments.get<Image>("source").pixels, destination.dim(3));
  Tensor planes = pictures::to_planes(source);
  if (arguments.get<bool>("resize_source")) {
    planes = pictures::resize_planes(planes, destination.dim(1), destination.dim(2),
                                     pictures::ResizeMethod::kBilinear);
  }
  const Tensor mask = arguments.has("mask") ? arguments.get<Mask>("mask").values : Tensor();
  return {Image{pictures::to_pixels(pictures::composite_planes(pictures::to_planes(destination),
                                                               planes, arguments.integer("x"),
                                                               arguments.integer("y"), mask))}};
}

Tensor inverted(const Tensor& mask) {
  Tensor out(mask.shape());
  for (int64_t i = 0; i < out.size(); ++i) out.data()[i] = 1.0f - mask.data()[i];
  return out;
}

std::vector<Value> join_alpha(const Arguments& arguments, NodeContext&) {
  const Tensor& image = arguments.get<Image>("image").pixels;
  const Tensor mask = resized_mask(arguments.get<Mask>("alpha").values, image.dim(1), image.dim(2),
                                   pictures::ResizeMethod::kBilinear);
  const int64_t batch = std::min(image.dim(0), mask.dim(0));
  const Tensor alpha =
      inverted(mask.rows(0, batch)).reshaped({batch, image.dim(1), image.dim(2), int64_t{1}});
  return {Image{pictures::join({pictures::slice(image.rows(0, batch), 3, 0, 3), alpha}, 3)}};
}

std::vector<Value> split_alpha(const Arguments& arguments, NodeContext&) {
  const Tensor& image = arguments.get<Image>("image").pixels;
  const Shape shape{image.dim(0), image.dim(1), image.dim(2)};
  const Tensor mask = image.dim(3) > 3 ? inverted(pictures::slice(image, 3, 3, 1)).reshaped(shape)
                                       : Tensor::zeros(shape);
  return {Image{pictures::slice(image, 3, 0, 3)}, Mask{mask}};
}

std::vector<Value> porter_duff_composite(const Arguments& arguments, NodeContext&) {
  const Tensor& source = arguments.get<Image>("source").pixels;
  const Tensor& source_mask = arguments.get<Mask>("source_alpha").values;
  const Tensor& destination = arguments.get<Image>("destination").pixels;
  const Tensor& destination_mask = arguments.get<Mask>("destination_alpha").values;
  if (source.dim(3) != destination.dim(3)) {
    throw Error(ErrorKind::kGraph, "`source` has " + std::to_string(source.dim(3)) +
                                       " channels and `destination` " +
                                       std::to_string(destination.dim(3)) +
                                       "; take SplitImageWithAlpha for the one with transparency");
  }
  const int64_t batch =
      std::min({source.dim(0), source_mask.dim(0), destination.dim(0), destination_mask.dim(0)});
  const int64_t height = destination.dim(1), width = destination.dim(2);
  const auto alpha_of = [&](const Tensor& mask) {
    return inverted(
        fitted_mask(mask.rows(0, batch), height, width, pictures::ResizeMethod::kBicubic));
  };
  const pictures::Layer over{
      fitted_pixels(source.rows(0, batch), height, width, pictures::ResizeMethod::kBicubic),
      alpha_of(source_mask)};
  const pictures::Layer under{destination.rows(0, batch), alpha_of(destination_mask)};
  const pictures::Layer out = pictures::porter_duff(over, under, arguments.text("mode"));
  return {Image{out.pixels}, Mask{inverted(out.alpha)}};
}

}  // namespace

void add_compositing_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "ImageCompositeMasked",
      .display_name = "Image Composite Masked",
      .category = "image/compositing",
      .description = "Lays a picture on another, where a mask is white.",
      .inputs = {link("destination", "IMAGE"), link("source", "IMAGE"),
                 integer("x", 0, 0, kMaxResolution).tip("From the left, in pixels."),
                 integer("y", 0, 0, kMaxResolution).tip("From the top, in pixels."),
                 boolean("resize_source", false).tip("Stretch the source to the destination."),
                 link("mask", "MASK").optional()},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = composite_image,
  });
  types.push_back({
      .class_name = "PorterDuffImageComposite",
      .display_name = "Porter-Duff Image Composite",
      .category = "image/compositing",
      .description = "Combines two pictures with transparency. Masks are 1 where they are clear.",
      .inputs = {link("source", "IMAGE"), link("source_alpha", "MASK"),
                 link("destination", "IMAGE"), link("destination_alpha", "MASK"),
                 choice("mode", pictures::porter_duff_modes(), "DST")},
      .outputs = {{"IMAGE", "IMAGE"}, {"MASK", "MASK"}},
      .is_core = false,
      .run = porter_duff_composite,
  });
  types.push_back({
      .class_name = "SplitImageWithAlpha",
      .display_name = "Split Image with Alpha",
      .category = "image/compositing",
      .description = "Parts pictures from their transparency, which becomes a mask.",
      .inputs = {link("image", "IMAGE")},
      .outputs = {{"IMAGE", "IMAGE"}, {"MASK", "MASK"}},
      .is_core = false,
      .run = split_alpha,
  });
  types.push_back({
      .class_name = "JoinImageWithAlpha",
      .display_name = "Join Image with Alpha",
      .category = "image/compositing",
      .description = "Makes pictures transparent where a mask is white.",
      .inputs = {link("image", "IMAGE"), link("alpha", "MASK")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = join_alpha,
  });
}

}  // namespace zanime::nodes
