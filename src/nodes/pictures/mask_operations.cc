// Masks: making, cutting, feathering, growing and combining them.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "base/error.h"
#include "nodes/common_inputs.h"
#include "nodes/core_nodes.h"
#include "pictures/axes.h"
#include "pictures/morphology.h"

namespace zanime::nodes {
namespace {

template <class Change>
Tensor changed_values(const Tensor& tensor, const Change& change) {
  Tensor out(tensor.shape());
  for (int64_t i = 0; i < out.size(); ++i) out.data()[i] = change(tensor.data()[i]);
  return out;
}

std::vector<Value> solid_mask(const Arguments& arguments, NodeContext&) {
  const Shape shape{1, arguments.integer("height"), arguments.integer("width")};
  pictures::check_size(shape);
  Tensor values(shape);
  std::fill(values.values().begin(), values.values().end(),
            static_cast<float>(arguments.real("value")));
  return {Mask{values}};
}

std::vector<Value> invert_mask(const Arguments& arguments, NodeContext&) {
  return {Mask{changed_values(arguments.get<Mask>("mask").values,
                              [](float value) { return 1.0f - value; })}};
}

std::vector<Value> threshold_mask(const Arguments& arguments, NodeContext&) {
  const auto limit = static_cast<float>(arguments.real("value"));
  return {Mask{changed_values(arguments.get<Mask>("mask").values,
                              [limit](float value) { return value > limit ? 1.0f : 0.0f; })}};
}

std::vector<Value> crop_mask(const Arguments& arguments, NodeContext&) {
  const Tensor& mask = arguments.get<Mask>("mask").values;
  const int64_t x = arguments.integer("x"), y = arguments.integer("y");
  if (x >= mask.dim(2) || y >= mask.dim(1)) {
    throw Error(ErrorKind::kGraph, "nothing is left of the mask: it has " +
                                       std::to_string(mask.dim(2)) + " x " +
                                       std::to_string(mask.dim(1)) + " pixels; lower `x` and `y`");
  }
  const Tensor rows =
      pictures::slice(mask, 1, y, std::min(arguments.integer("height"), mask.dim(1) - y));
  return {Mask{pictures::slice(rows, 2, x, std::min(arguments.integer("width"), mask.dim(2) - x))}};
}

// Ramps from the edges inwards, as long as asked for.
std::vector<Value> feather_mask(const Arguments& arguments, NodeContext&) {
  Tensor mask = arguments.get<Mask>("mask").values.clone();
  const int64_t height = mask.dim(1), width = mask.dim(2);
  const auto ramp = [&](const std::string& edge, int64_t side, int64_t place) {
    const int64_t length = std::min(arguments.integer(edge), side);
    if (place >= length) return 1.0f;
    return static_cast<float>(static_cast<double>(place + 1) / static_cast<double>(length));
  };
  std::vector<float> across, down;
  for (int64_t x = 0; x < width; ++x) {
    across.push_back(ramp("left", width, x) * ramp("right", width, width - 1 - x));
  }
  for (int64_t y = 0; y < height; ++y) {
    down.push_back(ramp("top", height, y) * ramp("bottom", height, height - 1 - y));
  }
  for (int64_t i = 0; i < mask.size(); ++i) {
    mask.data()[i] *=
        across[static_cast<size_t>(i % width)] * down[static_cast<size_t>(i / width % height)];
  }
  return {Mask{mask}};
}

std::vector<Value> grow_mask_by(const Arguments& arguments, NodeContext&) {
  const Tensor& mask = arguments.get<Mask>("mask").values;
  const int64_t expand = arguments.integer("expand"), steps = std::abs(expand);
  if (steps == 0) return {Mask{mask}};
  const auto extreme = expand > 0 ? pictures::Extreme::kLargest : pictures::Extreme::kSmallest;
  return {Mask{arguments.get<bool>("tapered_corners")
                   ? pictures::diamond_extreme(mask, steps, extreme)
                   : pictures::square_extreme(mask, 2 * steps + 1, extreme)}};
}

struct MaskOperation {
  const char* name;
  float (*combine)(float destination, float source);
};

bool is_set(float value) { return std::nearbyint(value) != 0.0f; }

constexpr MaskOperation kMaskOperations[] = {
    {"multiply", [](float d, float s) { return d * s; }},
    {"add", [](float d, float s) { return d + s; }},
    {"subtract", [](float d, float s) { return d - s; }},
    {"and", [](float d, float s) { return is_set(d) && is_set(s) ? 1.0f : 0.0f; }},
    {"or", [](float d, float s) { return is_set(d) || is_set(s) ? 1.0f : 0.0f; }},
    {"xor", [](float d, float s) { return is_set(d) != is_set(s) ? 1.0f : 0.0f; }},
};

std::vector<std::string> mask_operation_names() {
  std::vector<std::string> names;
  for (const MaskOperation& operation : kMaskOperations) names.emplace_back(operation.name);
  return names;
}

std::vector<Value> combine_masks(const Arguments& arguments, NodeContext&) {
  const Tensor& destination = arguments.get<Mask>("destination").values;
  const Tensor& source = arguments.get<Mask>("source").values;
  const int64_t left = arguments.integer("x"), top = arguments.integer("y");
  const MaskOperation* operation = std::find_if(
      std::begin(kMaskOperations), std::end(kMaskOperations),
      [&](const MaskOperation& one) { return arguments.text("operation") == one.name; });
  if (source.dim(0) != 1 && source.dim(0) != destination.dim(0)) {
    throw Error(ErrorKind::kGraph, std::to_string(source.dim(0)) +
                                       " masks cannot be combined with " +
                                       std::to_string(destination.dim(0)) +
                                       "; give one source, or one for each destination");
  }
  Tensor out =
      changed_values(destination, [](float value) { return std::clamp(value, 0.0f, 1.0f); });
  const int64_t height = std::min(source.dim(1), destination.dim(1) - top);
  const int64_t width = std::min(source.dim(2), destination.dim(2) - left);
  for (int64_t i = 0; i < out.dim(0); ++i) {
    for (int64_t y = 0; y < height; ++y) {
      const int64_t under = (i * out.dim(1) + top + y) * out.dim(2) + left;
      const float* over = source.data() + (i % source.dim(0) * source.dim(1) + y) * source.dim(2);
      for (int64_t x = 0; x < width; ++x) {
        out.data()[under + x] =
            std::clamp(operation->combine(destination.data()[under + x], over[x]), 0.0f, 1.0f);
      }
    }
  }
  return {Mask{out}};
}

// 1 where a pixel, in 8 bits, has exactly that colour.
std::vector<Value> colour_to_mask(const Arguments& arguments, NodeContext&) {
  const Tensor& pixels = arguments.get<Image>("image").pixels;
  const int64_t colour = arguments.integer("color"), channels = pixels.dim(3);
  Tensor mask(Shape{pixels.dim(0), pixels.dim(1), pixels.dim(2)});
  for (int64_t i = 0; i < mask.size(); ++i) {
    int64_t packed = 0;
    for (int64_t c = 0; c < 3; ++c) {
      const float value = std::clamp(pixels.data()[i * channels + c], 0.0f, 1.0f);
      packed = packed << 8 | static_cast<int64_t>(std::nearbyint(value * 255.0f));
    }
    mask.data()[i] = packed == colour ? 1.0f : 0.0f;
  }
  return {Mask{mask}};
}

InputSpec mask_side(std::string name) {
  return integer(std::move(name), 512, 1, kMaxResolution).tip("In pixels.");
}
InputSpec mask_place(std::string name) {
  return integer(std::move(name), 0, 0, kMaxResolution).tip("In pixels.");
}

}  // namespace

void add_mask_operation_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "SolidMask",
      .display_name = "Create Solid Mask",
      .category = "image/mask",
      .description = "Makes a mask of one value.",
      .inputs = {real("value", 1.0, 0.0, 1.0, 0.01), mask_side("width"), mask_side("height")},
      .outputs = {{"MASK", "MASK"}},
      .is_core = false,
      .run = solid_mask,
  });
  types.push_back({
      .class_name = "InvertMask",
      .display_name = "Invert Mask",
      .category = "image/mask",
      .description = "Makes white black and black white.",
      .inputs = {link("mask", "MASK")},
      .outputs = {{"MASK", "MASK"}},
      .is_core = false,
      .run = invert_mask,
  });
  types.push_back({
      .class_name = "CropMask",
      .display_name = "Crop Mask",
      .category = "image/mask",
      .description = "Cuts a part out of masks.",
      .inputs = {link("mask", "MASK"), mask_place("x"), mask_place("y"), mask_side("width"),
                 mask_side("height")},
      .outputs = {{"MASK", "MASK"}},
      .is_core = false,
      .run = crop_mask,
  });
  types.push_back({
      .class_name = "MaskComposite",
      .display_name = "Combine Masks",
      .category = "image/mask",
      .description = "Combines a mask with another that lies on it.",
      .inputs = {link("destination", "MASK"), link("source", "MASK"), mask_place("x"),
                 mask_place("y"), choice("operation", mask_operation_names())},
      .outputs = {{"MASK", "MASK"}},
      .is_core = false,
      .run = combine_masks,
  });
  types.push_back({
      .class_name = "FeatherMask",
      .display_name = "Feather Mask",
      .category = "image/mask",
      .description = "Lets masks fade towards their edges.",
      .inputs = {link("mask", "MASK"), mask_place("left"), mask_place("top"), mask_place("right"),
                 mask_place("bottom")},
      .outputs = {{"MASK", "MASK"}},
      .is_core = false,
      .run = feather_mask,
  });
  types.push_back({
      .class_name = "GrowMask",
      .display_name = "Grow Mask",
      .category = "image/mask",
      .description = "Grows what is white in a mask, or shrinks it.",
      .inputs = {link("mask", "MASK"),
                 integer("expand", 0, -kMaxResolution, kMaxResolution)
                     .tip("By how many pixels; below 0 it shrinks."),
                 boolean("tapered_corners", true).tip("Grow corners less than sides.")},
      .outputs = {{"MASK", "MASK"}},
      .is_core = false,
      .run = grow_mask_by,
  });
  types.push_back({
      .class_name = "ThresholdMask",
      .display_name = "Threshold Mask",
      .category = "image/mask",
      .description = "Makes what is above a value white and the rest black.",
      .inputs = {link("mask", "MASK"), real("value", 0.5, 0.0, 1.0, 0.01)},
      .outputs = {{"MASK", "MASK"}},
      .is_core = false,
      .run = threshold_mask,
  });
  types.push_back({
      .class_name = "ImageColorToMask",
      .display_name = "Convert Image Color to Mask",
      .category = "image/mask",
      .description = "Makes a mask of the pixels that have exactly one colour.",
      .inputs = {link("image", "IMAGE"), integer("color", 0, 0, 0xffffff)
                                             .tip("65536 red + 256 green + blue, of 255 each.")},
      .outputs = {{"MASK", "MASK"}},
      .is_core = false,
      .run = colour_to_mask,
  });
}

}  // namespace zanime::nodes
