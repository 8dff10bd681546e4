// What changes the colours of pictures and leaves their size.
#include <algorithm>
#include <limits>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/parallel.h"
#include "nodes/core_nodes.h"
#include "nodes/pictures/picture_tensors.h"
#include "pictures/axes.h"
#include "pictures/blend.h"
#include "pictures/blur.h"
#include "pictures/colour.h"
#include "pictures/colour_transfer.h"
#include "pictures/edges.h"
#include "pictures/mask_planes.h"
#include "pictures/morphology.h"
#include "pictures/palette.h"
#include "pictures/resample.h"
#include "sampling/noise.h"

namespace zanime::nodes {
namespace {

constexpr int64_t kValueGrain = 1 << 16;

template <class Change>
Value changed_pixels(const Tensor& pixels, const Change& change) {
  Tensor out(pixels.shape());
  parallel_for_ranges(pixels.size(), kValueGrain, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i) out.data()[i] = change(pixels.data()[i]);
  });
  return Image{std::move(out)};
}

float clamped(float value) { return std::clamp(value, 0.0f, 1.0f); }

float single_precision(const Arguments& arguments, const std::string& name) {
  return static_cast<float>(arguments.real(name));
}

std::vector<Value> invert_image(const Arguments& arguments, NodeContext&) {
  return {changed_pixels(arguments.get<Image>("image").pixels,
                         [](float value) { return 1.0f - value; })};
}

std::vector<Value> adjust_brightness(const Arguments& arguments, NodeContext&) {
  const float factor = single_precision(arguments, "factor");
  return {changed_pixels(arguments.get<Image>("images").pixels,
                         [factor](float value) { return clamped(value * factor); })};
}

std::vector<Value> adjust_contrast(const Arguments& arguments, NodeContext&) {
  const float factor = single_precision(arguments, "factor");
  return {changed_pixels(arguments.get<Image>("images").pixels, [factor](float value) {
    return clamped((value - 0.5f) * factor + 0.5f);
  })};
}

std::vector<Value> normalize_images(const Arguments& arguments, NodeContext&) {
  const float mean = single_precision(arguments, "mean"),
              deviation = single_precision(arguments, "std");
  return {changed_pixels(arguments.get<Image>("images").pixels,
                         [=](float value) { return (value - mean) / deviation; })};
}

std::vector<Value> blend_images(const Arguments& arguments, NodeContext&) {
  const Tensor& base = arguments.get<Image>("image1").pixels;
  const Tensor other =
      fitted_pixels(with_channels(arguments.get<Image>("image2").pixels, base.dim(3)), base.dim(1),
                    base.dim(2), pictures::ResizeMethod::kBicubic);
  // One picture is for all.
  const int64_t batch = std::max(base.dim(0), other.dim(0));
  if ((base.dim(0) != batch && base.dim(0) != 1) || (other.dim(0) != batch && other.dim(0) != 1)) {
    throw Error(ErrorKind::kGraph,
                std::to_string(base.dim(0)) + " pictures cannot be blended with " +
                    std::to_string(other.dim(0)) + "; give as many, or one alone");
  }
  return {Image{pictures::blend(
      pictures::repeat_to_batch(base, batch), pictures::repeat_to_batch(other, batch),
      arguments.text("blend_mode"), single_precision(arguments, "blend_factor"))}};
}

std::vector<Value> blur_image(const Arguments& arguments, NodeContext&) {
  const Tensor planes = pictures::to_planes(arguments.get<Image>("image").pixels);
  return {Image{pictures::to_pixels(
      pictures::blur_planes(planes, arguments.integer("blur_radius"), arguments.real("sigma")))}};
}

std::vector<Value> sharpen_image(const Arguments& arguments, NodeContext&) {
  const Tensor planes = pictures::to_planes(arguments.get<Image>("image").pixels);
  return {changed_pixels(pictures::to_pixels(pictures::sharpen_planes(
                             planes, arguments.integer("sharpen_radius"), arguments.real("sigma"),
                             arguments.real("alpha"))),
                         clamped)};
}

std::vector<Value> quantize_image(const Arguments& arguments, NodeContext&) {
  const Tensor& pixels = arguments.get<Image>("image").pixels;
  const Tensor reduced = pictures::quantise(with_channels(pixels, 3), arguments.integer("colors"),
                                            arguments.text("dither"));
  if (pixels.dim(3) == 3) return {Image{reduced}};
  return {Image{pictures::join({reduced, pictures::slice(pixels, 3, 3, 1)}, 3)}};
}

std::vector<Value> add_image_noise(const Arguments& arguments, NodeContext&) {
  const Tensor& pixels = arguments.get<Image>("image").pixels;
  const float strength = single_precision(arguments, "strength");
  Tensor out = sampling::normal_noise(pixels.shape(), arguments.seed("seed"));
  for (int64_t i = 0; i < out.size(); ++i) {
    out.data()[i] = clamped(pixels.data()[i] + strength * out.data()[i]);
  }
  return {Image{std::move(out)}};
}

std::vector<Value> find_edges(const Arguments& arguments, NodeContext&) {
  return {Image{pictures::grey_pixels(pictures::canny_edges(arguments.get<Image>("image").pixels,
                                                            arguments.real("low_threshold"),
                                                            arguments.real("high_threshold")))}};
}

std::vector<Value> apply_morphology(const Arguments& arguments, NodeContext&) {
  const Tensor planes = pictures::to_planes(arguments.get<Image>("image").pixels);
  return {Image{pictures::to_pixels(pictures::morphology(planes, arguments.text("operation"),
                                                         arguments.integer("kernel_size")))}};
}

std::vector<Value> transfer_colour(const Arguments& arguments, NodeContext&) {
  const std::string& source = arguments.text("source_stats");
  pictures::ColourTransfer transfer;
  transfer.method = arguments.text("method");
  transfer.source = source == "uniform"        ? pictures::ColourSource::kAll
                    : source == "target_frame" ? pictures::ColourSource::kOnePicture
                                               : pictures::ColourSource::kEachPicture;
  transfer.picture = arguments.integer("source_stats.target_index");
  transfer.strength = single_precision(arguments, "strength");
  return {Image{pictures::transfer_colours(
      with_channels(arguments.get<Image>("image_target").pixels, 3),
      with_channels(arguments.get<Image>("image_ref").pixels, 3), transfer)}};
}

std::vector<Value> rgb_to_yuv(const Arguments& arguments, NodeContext&) {
  const Tensor yuv = pictures::rgb_to_ycbcr(arguments.get<Image>("image").pixels);
  std::vector<Value> outputs;
  for (const std::string channel : {"red", "green", "blue"}) {
    outputs.emplace_back(Image{pictures::grey_pixels(pictures::colour_plane(yuv, channel))});
  }
  return outputs;
}

std::vector<Value> yuv_to_rgb(const Arguments& arguments, NodeContext&) {
  std::vector<Tensor> channels;
  for (const std::string name : {"Y", "U", "V"}) {
    const Tensor& pixels = arguments.get<Image>(name).pixels;
    Tensor mean(Shape{pixels.dim(0), pixels.dim(1), pixels.dim(2), 1});
    const int64_t count = pixels.dim(3);
    for (int64_t i = 0; i < mean.size(); ++i) {
      float sum = 0;
      for (int64_t c = 0; c < count; ++c) sum += pixels.data()[i * count + c];
      mean.data()[i] = sum / static_cast<float>(count);
    }
    channels.push_back(std::move(mean));
  }
  return {changed_pixels(pictures::ycbcr_to_rgb(pictures::join(channels, 3)), clamped)};
}

InputSpec picture_input() { return link("image", "IMAGE"); }
InputSpec pictures_input() { return link("images", "IMAGE").tip("The pictures to change."); }

}  // namespace

void add_image_filter_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "ImageInvert",
      .display_name = "Invert Image Colors",
      .category = "image/color",
      .description = "Makes pictures negative.",
      .inputs = {picture_input()},
      .outputs = {{"IMAGE", "IMAGE"}},
      .run = invert_image,
  });
  types.push_back({
      .class_name = "ImageBlend",
      .display_name = "Blend Images",
      .category = "image/filters",
      .description = "Blends two pictures. The second gets the size of the first.",
      .inputs = {link("image1", "IMAGE"), link("image2", "IMAGE"),
                 real("blend_factor", 0.5, 0.0, 1.0, 0.01).tip("0: the first picture alone."),
                 choice("blend_mode", pictures::blend_modes())},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = blend_images,
  });
  types.push_back({
      .class_name = "ImageBlur",
      .display_name = "Blur Image",
      .category = "image/filters",
      .description = "Blurs pictures.",
      .inputs = {picture_input(), integer("blur_radius", 1, 1, 31).tip("In pixels."),
                 real("sigma", 1.0, 0.1, 10.0, 0.1).tip("Of the Gaussian, in radii.")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = blur_image,
  });
  types.push_back({
      .class_name = "ImageSharpen",
      .display_name = "Sharpen Image",
      .category = "image/filters",
      .description = "Sharpens pictures.",
      .inputs = {picture_input(), integer("sharpen_radius", 1, 1, 31).tip("In pixels."),
                 real("sigma", 1.0, 0.1, 10.0, 0.01).tip("Of the Gaussian, in radii."),
                 real("alpha", 1.0, 0.0, 5.0, 0.01).tip("How strongly.")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = sharpen_image,
  });
  types.push_back({
      .class_name = "ImageQuantize",
      .display_name = "Quantize Image",
      .category = "image/filters",
      .description = "Draws pictures in few colours.",
      .inputs = {picture_input(), integer("colors", 256, 1, 256).tip("How many."),
                 choice("dither", pictures::dither_methods())
                     .tip("How colours between them are imitated.")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = quantize_image,
  });
  types.push_back({
      .class_name = "ImageAddNoise",
      .display_name = "Add Noise to Image",
      .category = "image/filters",
      .description = "Adds grain to pictures.",
      .inputs = {picture_input(),
                 integer("seed", 0, 0, std::numeric_limits<uint64_t>::max()).tip("Of the grain."),
                 real("strength", 0.5, 0.0, 1.0, 0.01)},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = add_image_noise,
  });
  types.push_back({
      .class_name = "Canny",
      .display_name = "Detect Edges (Canny)",
      .category = "image/filters",
      .description = "Draws the edges in pictures white on black.",
      .inputs = {picture_input(),
                 real("low_threshold", 0.4, 0.01, 0.99, 0.01).tip("Down to here an edge goes on."),
                 real("high_threshold", 0.8, 0.01, 0.99, 0.01).tip("From here on one begins.")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = find_edges,
  });
  types.push_back({
      .class_name = "Morphology",
      .display_name = "Apply Morphology",
      .category = "image/filters",
      .description = "Shrinks, grows or outlines what is bright.",
      .inputs = {picture_input(), choice("operation", pictures::morphology_operations()),
                 integer("kernel_size", 3, 3, 999).tip("Side of the square, in pixels.")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = apply_morphology,
  });
  types.push_back({
      .class_name = "ColorTransfer",
      .display_name = "Transfer Color",
      .category = "image/filters",
      .description = "Gives pictures the colours of others.",
      .inputs = {link("image_target", "IMAGE").tip("The pictures to change."),
                 link("image_ref", "IMAGE").tip("The pictures with the wanted colours."),
                 choice("method", pictures::colour_transfer_methods()),
                 choice("source_stats", {"per_frame", "uniform", "target_frame"})
                     .tip("Match each picture by itself, all together, or all as one of them."),
                 integer("source_stats.target_index", 0, 0, 10000)
                     .tip("target_frame: which, counted from 0.")
                     .optional(),
                 real("strength", 1.0, 0.0, 10.0, 0.01)},
      .outputs = {{"IMAGE", "image"}},
      .is_core = false,
      .run = transfer_colour,
  });
  types.push_back({
      .class_name = "NormalizeImages",
      .display_name = "Normalize Image Colors",
      .category = "image/color",
      .description = "Subtracts a mean and divides by a deviation.",
      .inputs = {pictures_input(), real("mean", 0.5, 0.0, 1.0, 0.01),
                 real("std", 0.5, 0.001, 1.0, 0.01)},
      .outputs = {{"IMAGE", "images"}},
      .is_core = false,
      .run = normalize_images,
  });
  types.push_back({
      .class_name = "AdjustBrightness",
      .display_name = "Adjust Brightness",
      .category = "image/adjustments",
      .description = "Makes pictures brighter or darker.",
      .inputs = {pictures_input(), real("factor", 1.0, 0.0, 2.0, 0.01).tip("1: as they are.")},
      .outputs = {{"IMAGE", "images"}},
      .is_core = false,
      .run = adjust_brightness,
  });
  types.push_back({
      .class_name = "AdjustContrast",
      .display_name = "Adjust Contrast",
      .category = "image/adjustments",
      .description = "Moves colours away from middle grey or towards it.",
      .inputs = {pictures_input(), real("factor", 1.0, 0.0, 2.0, 0.01).tip("1: as they are.")},
      .outputs = {{"IMAGE", "images"}},
      .is_core = false,
      .run = adjust_contrast,
  });
  types.push_back({
      .class_name = "ImageRGBToYUV",
      .display_name = "Image RGB to YUV",
      .category = "image/color",
      .description = "Parts pictures into brightness and two differences of colour.",
      .inputs = {picture_input()},
      .outputs = {{"IMAGE", "Y"}, {"IMAGE", "U"}, {"IMAGE", "V"}},
      .is_core = false,
      .run = rgb_to_yuv,
  });
  types.push_back({
      .class_name = "ImageYUVToRGB",
      .display_name = "Image YUV to RGB",
      .category = "image/color",
      .description = "Makes pictures of brightness and two differences of colour.",
      .inputs = {link("Y", "IMAGE"), link("U", "IMAGE"), link("V", "IMAGE")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .is_core = false,
      .run = yuv_to_rgb,
  });
}

}  // namespace zanime::nodes
