// Pictures and masks of another size, by every rule of ResizeImageMaskNode.
#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "nodes/common_inputs.h"
#include "nodes/core_nodes.h"
#include "nodes/pictures/picture_tensors.h"
#include "pictures/resample.h"

namespace zanime::nodes {
namespace {

struct Size {
  int64_t width = 0, height = 0;
};

int64_t rounded(double value) { return pictures::round_half_even(value); }
double quotient(int64_t a, int64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

const std::string kType = "resize_type";
std::string of_type(const std::string& name) { return kType + "." + name; }

// A side of 0 follows from the other.
Size to_dimensions(const Size& old, int64_t width, int64_t height) {
  if (width == 0 && height == 0) return old;
  if (width == 0) width = std::max<int64_t>(1, rounded(quotient(old.width * height, old.height)));
  if (height == 0) height = std::max<int64_t>(1, rounded(quotient(old.height * width, old.width)));
  return {width, height};
}

// The longer or the shorter side gets a length.
Size to_side(const Size& old, int64_t length, bool longer) {
  if (old.width == old.height) return {length, length};
  if ((old.height > old.width) == longer) {
    return {rounded(quotient(old.width, old.height) * static_cast<double>(length)), length};
  }
  return {length, rounded(quotient(old.height, old.width) * static_cast<double>(length))};
}

Size to_megapixels(const Size& old, double megapixels, int64_t multiple) {
  const auto total = std::floor(megapixels * 1024 * 1024);
  const double factor = std::sqrt(total / static_cast<double>(old.width * old.height));
  const auto side = [&](int64_t length) {
    const double steps = static_cast<double>(length) * factor / static_cast<double>(multiple);
    return std::max<int64_t>(1, rounded(steps)) * multiple;
  };
  return {side(old.width), side(old.height)};
}

Size size_of(const Value& value) {
  if (const auto* image = std::get_if<Image>(&value)) {
    return {image->pixels.dim(2), image->pixels.dim(1)};
  }
  const Tensor& mask = std::get<Mask>(value).values;
  return {mask.dim(2), mask.dim(1)};
}

// A picture or mask with its tensor changed by change(pixels), pixels [batch, height, width,
// channels].
template <class Change>
Value changed(const Value& value, const Change& change) {
  if (const auto* image = std::get_if<Image>(&value)) return Image{change(image->pixels)};
  const Tensor& mask = std::get<Mask>(value).values;
  const Tensor pixels = change(mask.reshaped({mask.dim(0), mask.dim(1), mask.dim(2), int64_t{1}}));
  return Mask{pixels.reshaped({pixels.dim(0), pixels.dim(1), pixels.dim(2)})};
}

Value to_size(const Value& value, const Size& size, const Arguments& arguments, bool centre) {
  const Size old = size_of(value);
  if (size.width < 1 || size.height < 1) {
    throw Error(ErrorKind::kGraph, std::to_string(old.width) + " x " + std::to_string(old.height) +
                                       " pixels would become " + std::to_string(size.width) +
                                       " x " + std::to_string(size.height) +
                                       "; scale to a larger size");
  }
  const pictures::ResizeMethod method = pictures::resize_method(arguments.text("scale_method"));
  return changed(value, [&](const Tensor& pixels) {
    return centre ? fitted_pixels(pixels, size.height, size.width, method)
                  : pictures::resize_pixels(pixels, size.height, size.width, method);
  });
}

// Sides become multiples, by as little as possible: scaled to cover the smaller size, then the
// middle of that.
Value to_multiple(const Value& value, const Arguments& arguments) {
  const int64_t multiple = arguments.integer(of_type("multiple"));
  const Size old = size_of(value);
  const Size target{old.width / multiple * multiple, old.height / multiple * multiple};
  const bool fits = target.width == old.width && target.height == old.height;
  if (fits || target.width == 0 || target.height == 0) return value;
  const double across = quotient(target.width, old.width);
  const double down = quotient(target.height, old.height);
  const auto covering = [](int64_t side, double factor, int64_t least) {
    return std::max(least, static_cast<int64_t>(std::ceil(static_cast<double>(side) * factor)));
  };
  const Size cover = across >= down
                         ? Size{target.width, covering(old.height, across, target.height)}
                         : Size{covering(old.width, down, target.width), target.height};
  const Value scaled = to_size(value, cover, arguments, /*centre=*/false);
  return changed(scaled, [&](const Tensor& pixels) {
    return pictures::crop_pixels(pixels, (cover.height - target.height) / 2,
                                 (cover.width - target.width) / 2, target.height, target.width);
  });
}

std::vector<Value> resize_image_or_mask(const Arguments& arguments, NodeContext&) {
  const Value& input = arguments.value("input");
  const std::string& type = arguments.text(kType);
  const Size old = size_of(input);
  const auto number = [&](const std::string& name) { return arguments.integer(of_type(name)); };
  const bool centre = arguments.text(of_type("crop")) == "center";
  if (type == "scale to multiple") return {to_multiple(input, arguments)};
  if (type == "match size") {
    if (!arguments.has(of_type("match"))) {
      throw Error(ErrorKind::kGraph,
                  "`resize_type.match` is missing; link it to the picture or mask to match");
    }
    return {to_size(input, size_of(arguments.value(of_type("match"))), arguments, centre)};
  }
  if (type == "scale dimensions") {
    if (number("width") == 0 && number("height") == 0) return {input};
    return {
        to_size(input, to_dimensions(old, number("width"), number("height")), arguments, centre)};
  }
  Size size;
  if (type == "scale by multiplier") {
    const double factor = arguments.real(of_type("multiplier"));
    size = {rounded(static_cast<double>(old.width) * factor),
            rounded(static_cast<double>(old.height) * factor)};
  } else if (type == "scale longer dimension") {
    size = to_side(old, number("longer_size"), /*longer=*/true);
  } else if (type == "scale shorter dimension") {
    size = to_side(old, number("shorter_size"), /*longer=*/false);
  } else if (type == "scale width") {
    size = to_dimensions(old, number("width"), 0);
  } else if (type == "scale height") {
    size = to_dimensions(old, 0, number("height"));
  } else {
    size = to_megapixels(old, arguments.real(of_type("megapixels")), number("multiple"));
  }
  return {to_size(input, size, arguments, /*centre=*/false)};
}

// The longer or shorter edge gets a length; the other is cut to whole pixels.
std::vector<Value> resize_by_edge(const Arguments& arguments, const std::string& name,
                                  bool longer) {
  const Value& input = arguments.value("images");
  const int64_t length = arguments.integer(name);
  const Size old = size_of(input);
  const auto other = [&](int64_t side, int64_t edge) {
    return static_cast<int64_t>(static_cast<double>(side) * quotient(length, edge));
  };
  const bool across = longer ? old.width > old.height : old.width < old.height;
  const Size size = across ? Size{length, other(old.height, old.width)}
                           : Size{other(old.width, old.height), length};
  if (size.width < 1 || size.height < 1) {
    throw Error(ErrorKind::kGraph, "an edge would become 0 pixels long; raise `" + name + "`");
  }
  return {changed(input, [&](const Tensor& pixels) {
    return pictures::resize_pixels(pixels, size.height, size.width,
                                   pictures::ResizeMethod::kLanczos);
  })};
}

std::vector<Value> resize_by_longer_edge(const Arguments& arguments, NodeContext&) {
  return resize_by_edge(arguments, "longer_edge", /*longer=*/true);
}
std::vector<Value> resize_by_shorter_edge(const Arguments& arguments, NodeContext&) {
  return resize_by_edge(arguments, "shorter_edge", /*longer=*/false);
}

InputSpec pixels_of_type(const std::string& name, const std::string& tip) {
  return integer(of_type(name), 512, 0, kMaxResolution).tip(tip).optional();
}

InputSpec edge_input(const std::string& name, int64_t length) {
  constexpr int64_t kMaxEdge = 8192;
  return integer(name, length, 1, kMaxEdge).tip("In pixels.");
}

}  // namespace

void add_image_resize_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "ResizeImageMaskNode",
      .display_name = "Resize Image/Mask",
      .category = "image/transform",
      .description = "Resizes pictures or masks by one of several rules.",
      .inputs = {link("input", "IMAGE,MASK"),
                 choice(kType, {"scale dimensions", "scale by multiplier", "scale longer dimension",
                                "scale shorter dimension", "scale width", "scale height",
                                "scale total pixels", "match size", "scale to multiple"})
                     .tip("The rule; it says which of the inputs below count."),
                 choice("scale_method", pictures::picture_resize_methods(), "area")
                     .tip("How new pixels come from old ones."),
                 pixels_of_type("width", "0: as the height asks for."),
                 pixels_of_type("height", "0: as the width asks for."),
                 choice(of_type("crop"), {"disabled", "center"}, "center")
                     .tip("center: cut off what does not fit the new shape, else stretch.")
                     .optional(),
                 real(of_type("multiplier"), 1.0, 0.01, 8.0, 0.01).optional(),
                 pixels_of_type("longer_size", "Of the longer side."),
                 pixels_of_type("shorter_size", "Of the shorter side."),
                 real(of_type("megapixels"), 1.0, 0.01, 16.0, 0.01)
                     .tip("Of 1024 x 1024 pixels.")
                     .optional(),
                 link(of_type("match"), "IMAGE,MASK").tip("Has the wanted size.").optional(),
                 integer(of_type("multiple"), 1, 1, kMaxResolution)
                     .tip("Both sides become a multiple of it.")
                     .optional()},
      .outputs = {{"*", "resized"}},
      .is_core = false,
      .run = resize_image_or_mask,
  });
  types.push_back({
      .class_name = "ResizeImagesByShorterEdge",
      .display_name = "Resize Images by Shorter Edge",
      .category = "image/transform",
      .description = "Resizes pictures until the shorter edge has a length; the shape stays.",
      .inputs = {link("images", "IMAGE").tip("The pictures to resize."),
                 edge_input("shorter_edge", 512)},
      .outputs = {{"IMAGE", "images"}},
      .is_core = false,
      .run = resize_by_shorter_edge,
  });
  types.push_back({
      .class_name = "ResizeImagesByLongerEdge",
      .display_name = "Resize Images by Longer Edge",
      .category = "image/transform",
      .description = "Resizes pictures until the longer edge has a length; the shape stays.",
      .inputs = {link("images", "IMAGE").tip("The pictures to resize."),
                 edge_input("longer_edge", 1024)},
      .outputs = {{"IMAGE", "images"}},
      .is_core = false,
      .run = resize_by_longer_edge,
  });
}

}  // namespace zanime::nodes
