// Scaling and sharpening pictures.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "nodes/common_inputs.h"
#include "nodes/packs/pack_nodes.h"
#include "pictures/resample.h"

namespace zanime::nodes {
namespace {

using pictures::round_half_even;

struct Sides {
  int64_t width = 0, height = 0;
};

Sides sides_of(const Tensor& pixels) { return {pixels.dim(2), pixels.dim(1)}; }

int64_t side_times(int64_t side, double factor) {
  return round_half_even(static_cast<double>(side) * factor);
}
double ratio_of(int64_t a, int64_t b) { return static_cast<double>(a) / static_cast<double>(b); }

Tensor resized_to(const Tensor& pixels, Sides sides, const std::string& method) {
  if (sides.width < 1 || sides.height < 1) {
    throw Error(ErrorKind::kGraph, "the picture would become " + std::to_string(sides.width) +
                                       " x " + std::to_string(sides.height) + " pixels");
  }
  // PyTorch's nearest differs from nearest-exact where a side is not a multiple of the other.
  return pictures::resize_pixels(pixels, sides.height, sides.width,
                                 pictures::resize_method(method));
}

// [batch, height, width, channels] with `colour` around it.
Tensor in_frame(const Tensor& pixels, int64_t left, int64_t top, Sides whole,
                const std::array<float, 3>& colour) {
  const int64_t batch = pixels.dim(0), height = pixels.dim(1), width = pixels.dim(2),
                channels = pixels.dim(3);
  if (left < 0 || top < 0 || left + width > whole.width || top + height > whole.height) {
    throw Error(ErrorKind::kGraph, "the picture is larger than the frame around it");
  }
  Tensor result(Shape{batch, whole.height, whole.width, channels});
  for (int64_t i = 0; i < batch * whole.height * whole.width; ++i) {
    for (int64_t c = 0; c < channels; ++c) {
      result.data()[i * channels + c] = c < 3 ? colour[static_cast<size_t>(c)] : 1.0f;
    }
  }
  for (int64_t b = 0; b < batch; ++b) {
    for (int64_t y = 0; y < height; ++y) {
      std::copy_n(pixels.data() + (b * height + y) * width * channels, width * channels,
                  result.data() + ((b * whole.height + top + y) * whole.width + left) * channels);
    }
  }
  return result;
}

std::vector<Value> image_and_size(Tensor pixels) {
  const Sides sides = sides_of(pixels);
  return {Image{std::move(pixels)}, WideInt{sides.width}, WideInt{sides.height}};
}

const std::vector<OutputSpec> kImageAndSize{
    {"IMAGE", "IMAGE"}, {"INT", "width"}, {"INT", "height"}};

// --- rgthree

std::vector<Value> resize_with_fit(const Arguments& arguments, NodeContext&) {
  const Tensor& pixels = arguments.get<Image>("image").pixels;
  const Sides old = sides_of(pixels);
  Sides wanted{arguments.integer("width"), arguments.integer("height")};
  std::string fit = arguments.text("fit");
  if (arguments.text("measurement") == "percentage") {
    wanted = {round_half_even(static_cast<double>(wanted.width * old.width) / 100.0),
              round_half_even(static_cast<double>(wanted.height * old.height) / 100.0)};
  }
  if ((wanted.width == 0 && wanted.height == 0) ||
      (wanted.width == old.width && wanted.height == old.height)) {
    return image_and_size(pixels);
  }
  const auto width_for = [&](int64_t height) {
    return round_half_even(ratio_of(height, old.height) * static_cast<double>(old.width));
  };
  const auto height_for = [&](int64_t width) {
    return round_half_even(ratio_of(width, old.width) * static_cast<double>(old.height));
  };
  if (wanted.width == 0 || wanted.height == 0) {
    if (wanted.width == 0) wanted.width = width_for(wanted.height);
    if (wanted.height == 0) wanted.height = height_for(wanted.width);
    fit = "contain";
  }
  // Which side is longer than its share once the other one fits.
  const bool is_wide = ratio_of(wanted.height, old.height) * static_cast<double>(old.width) >
                       static_cast<double>(wanted.width);
  const bool is_tall = ratio_of(wanted.width, old.width) * static_cast<double>(old.height) >
                       static_cast<double>(wanted.height);
  Sides size = wanted;
  if (fit == "crop") {
    if (is_wide) size.width = width_for(wanted.height);
    if (!is_wide && is_tall) size.height = height_for(wanted.width);
  } else {
    if (is_wide) size.height = height_for(wanted.width);
    if (!is_wide && is_tall) size.width = width_for(wanted.height);
  }
  Tensor result = resized_to(pixels, size, arguments.text("method"));
  if (fit == "contain") return image_and_size(std::move(result));
  const Sides kept{std::min(size.width, wanted.width), std::min(size.height, wanted.height)};
  result = pictures::crop_pixels(result, (size.height - kept.height) / 2,
                                 (size.width - kept.width) / 2, kept.height, kept.width);
  if (kept.width != wanted.width || kept.height != wanted.height) {
    result = in_frame(result, (wanted.width - kept.width) / 2, (wanted.height - kept.height) / 2,
                      wanted, {0.0f, 0.0f, 0.0f});
  }
  return image_and_size(std::move(result));
}

// --- KJNodes

// Where the rest of a side goes: half before, none, or all of it.
int64_t before(int64_t rest, const std::string& position, const char* none, const char* all) {
  return position == none ? 0 : position == all ? rest : rest / 2;
}

// "255, 0, 0"; values of 0 to 1 where none is above 1.
std::array<float, 3> frame_colour(const std::string& text) {
  std::array<float, 3> colour{};
  size_t start = 0;
  for (float& part : colour) {
    const size_t end = std::min(text.find(',', start), text.size());
    part = static_cast<float>(std::atof(text.substr(start, end - start).c_str()));
    if (end == text.size() && &part == colour.data()) return {part, part, part};
    start = std::min(end + 1, text.size());
  }
  if (std::any_of(colour.begin(), colour.end(), [](float part) { return part > 1.0f; })) {
    for (float& part : colour) part /= 255.0f;
  }
  return colour;
}

int64_t in_steps(int64_t side, int64_t step) { return step > 1 ? side - side % step : side; }

Sides sides_in_proportion(Sides old, Sides wanted) {
  if (wanted.width == 0 && wanted.height == 0) return old;
  if (wanted.width == 0) {
    return {side_times(old.width, ratio_of(wanted.height, old.height)), wanted.height};
  }
  if (wanted.height == 0) {
    return {wanted.width, side_times(old.height, ratio_of(wanted.width, old.width))};
  }
  const double factor =
      std::min(ratio_of(wanted.width, old.width), ratio_of(wanted.height, old.height));
  return {side_times(old.width, factor), side_times(old.height, factor)};
}

std::vector<Value> resize_kj(const Arguments& arguments, NodeContext&) {
  Tensor pixels = arguments.get<Image>("image").pixels;
  const Sides old = sides_of(pixels);
  const Sides wanted{arguments.integer("width"), arguments.integer("height")};
  const std::string &mode = arguments.text("keep_proportion"),
                    &position = arguments.text("crop_position");
  const int64_t step = arguments.integer("divisible_by");
  Sides size{wanted.width == 0 ? old.width : wanted.width,
             wanted.height == 0 ? old.height : wanted.height};
  if (mode == "resize" || mode == "pad") size = sides_in_proportion(old, wanted);
  if (mode == "total_pixels") {
    const double total = static_cast<double>(wanted.width * wanted.height);
    const double shape = ratio_of(old.width, old.height);
    size = {static_cast<int64_t>(std::sqrt(total * shape)),
            static_cast<int64_t>(std::sqrt(total / shape))};
  }
  const Sides rest{wanted.width - size.width, wanted.height - size.height};
  size = {in_steps(size.width, step), in_steps(size.height, step)};
  Tensor mask = arguments.has("mask") ? arguments.get<Mask>("mask").values : Tensor();
  // The editor's empty mask.
  if (!mask.empty() && mask.dim(1) == 64 && mask.dim(2) == 64 &&
      (old.width != 64 || old.height != 64)) {
    mask = Tensor();
  }
  if (!mask.empty()) {
    mask = mask.reshaped(Shape{mask.dim(0), mask.dim(1), mask.dim(2), 1});
    if (mask.dim(1) != old.height || mask.dim(2) != old.width) {
      mask = resized_to(mask, old, "bilinear");
    }
  }
  if (mode == "crop" && size.width > 0 && size.height > 0) {
    const double shape = ratio_of(size.width, size.height);
    Sides part = old;
    if (ratio_of(old.width, old.height) > shape) {
      part.width = side_times(old.height, shape);
    } else {
      part.height = round_half_even(static_cast<double>(old.width) / shape);
    }
    const int64_t left = before(old.width - part.width, position, "left", "right");
    const int64_t top = before(old.height - part.height, position, "top", "bottom");
    pixels = pictures::crop_pixels(pixels, top, left, part.height, part.width);
    if (!mask.empty()) mask = pictures::crop_pixels(mask, top, left, part.height, part.width);
  }
  const std::string& method = arguments.text("upscale_method");
  Tensor result = resized_to(pixels, size, method);
  if (!mask.empty()) mask = resized_to(mask, size, method);
  if (mode == "pad" && (rest.width > 0 || rest.height > 0)) {
    const int64_t left = before(rest.width, position, "left", "right");
    const int64_t top = before(rest.height, position, "top", "bottom");
    Sides whole{size.width + rest.width, size.height + rest.height};
    if (step > 1) {
      whole = {(whole.width + step - 1) / step * step, (whole.height + step - 1) / step * step};
    }
    result = in_frame(result, left, top, whole, frame_colour(arguments.text("pad_color")));
    if (!mask.empty()) mask = in_frame(mask, left, top, whole, {1.0f, 1.0f, 1.0f});
  }
  std::vector<Value> outputs = image_and_size(std::move(result));
  outputs.emplace_back(mask.empty()
                           ? Mask{Tensor::zeros(Shape{1, 64, 64})}
                           : Mask{mask.reshaped(Shape{mask.dim(0), mask.dim(1), mask.dim(2)})});
  return outputs;
}

// --- Essentials

std::vector<Value> resize_essential(const Arguments& arguments, NodeContext&) {
  const Tensor& pixels = arguments.get<Image>("image").pixels;
  const Sides old = sides_of(pixels);
  const int64_t multiple = arguments.integer("multiple_of");
  Sides wanted{in_steps(arguments.integer("width"), multiple),
               in_steps(arguments.integer("height"), multiple)};
  const std::string &method = arguments.text("method"), &condition = arguments.text("condition");
  Sides size = wanted, frame{};
  Sides part{};
  if (method == "keep proportion" || method == "pad") {
    if (wanted.width == 0) wanted.width = old.height < wanted.height ? kMaxResolution : old.width;
    if (wanted.height == 0) wanted.height = old.width < wanted.width ? kMaxResolution : old.height;
    const double factor =
        std::min(ratio_of(wanted.width, old.width), ratio_of(wanted.height, old.height));
    size = {side_times(old.width, factor), side_times(old.height, factor)};
    if (method == "pad") frame = wanted;
  } else {
    if (wanted.width == 0) wanted.width = old.width;
    if (wanted.height == 0) wanted.height = old.height;
    size = wanted;
    if (method == "fill / crop") {
      const double factor =
          std::max(ratio_of(wanted.width, old.width), ratio_of(wanted.height, old.height));
      size = {side_times(old.width, factor), side_times(old.height, factor)};
      part = {std::min(wanted.width, size.width), std::min(wanted.height, size.height)};
    }
  }
  const bool is_due =
      condition == "always" ||
      (condition == "downscale if bigger" &&
       (old.height > size.height || old.width > size.width)) ||
      (condition == "upscale if smaller" && (old.height < size.height || old.width < size.width)) ||
      (condition == "if bigger area" && old.height * old.width > size.height * size.width) ||
      (condition == "if smaller area" && old.height * old.width < size.height * size.width);
  Tensor result = pixels;
  if (is_due) {
    result = resized_to(pixels, size, arguments.text("interpolation"));
    if (frame.width > 0) {
      result = in_frame(result, (frame.width - size.width) / 2, (frame.height - size.height) / 2,
                        frame, {0.0f, 0.0f, 0.0f});
    }
    if (part.width > 0) {
      result = pictures::crop_pixels(result, (size.height - part.height) / 2,
                                     (size.width - part.width) / 2, part.height, part.width);
    }
  }
  const Sides now = sides_of(result);
  const Sides cut{in_steps(now.width, multiple), in_steps(now.height, multiple)};
  if (cut.width > 0 && cut.height > 0 && (cut.width != now.width || cut.height != now.height)) {
    result = pictures::crop_pixels(result, (now.height - cut.height) / 2,
                                   (now.width - cut.width) / 2, cut.height, cut.width);
  }
  if (!is_due) result = result.clone();
  for (float& value : result.values()) value = std::clamp(value, 0.0f, 1.0f);
  return image_and_size(std::move(result));
}

// Contrast adaptive sharpening (AMD FidelityFX CAS): the weight of the four neighbours follows from
// how far the surroundings are from black and white. Beyond the edges all is 0.
std::vector<Value> sharpen_adaptively(const Arguments& arguments, NodeContext&) {
  const Tensor& pixels = arguments.get<Image>("image").pixels;
  const auto amount = static_cast<float>(arguments.real("amount"));
  const int64_t batch = pixels.dim(0), height = pixels.dim(1), width = pixels.dim(2),
                channels = pixels.dim(3);
  Tensor result(pixels.shape());
  const float share = amount * (1.0f / 5.0f - 1.0f / 8.0f) + 1.0f / 8.0f;
  for (int64_t n = 0; n < batch; ++n) {
    const float* picture = pixels.data() + n * height * width * channels;
    const auto at = [&](int64_t y, int64_t x, int64_t c) {
      const bool inside = y >= 0 && y < height && x >= 0 && x < width;
      return inside ? picture[(y * width + x) * channels + c] : 0.0f;
    };
    float* out = result.data() + n * height * width * channels;
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        for (int64_t c = 0; c < channels; ++c) {
          const float b = at(y - 1, x, c), d = at(y, x - 1, c), e = at(y, x, c),
                      f = at(y, x + 1, c), h = at(y + 1, x, c);
          const auto [least, most] = std::minmax({b, d, e, f, h});
          const auto [least_corner, most_corner] = std::minmax(
              {at(y - 1, x - 1, c), at(y - 1, x + 1, c), at(y + 1, x - 1, c), at(y + 1, x + 1, c)});
          const float low = least + least_corner, high = most + most_corner;
          const float weight =
              -std::sqrt(std::min(low, 2.0f - high) * (1.0f / (high + 1e-5f))) * share;
          const float value = ((b + d + f + h) * weight + e) * (1.0f / (1.0f + 4.0f * weight));
          out[(y * width + x) * channels + c] = std::clamp(value, 0.0f, 1.0f);
        }
      }
    }
  }
  return {Image{std::move(result)}};
}

}  // namespace

void add_pack_picture_nodes(NodeTypes& types) {
  const std::vector<std::string> methods = pictures::picture_resize_methods();
  const std::vector<std::string> kj_methods{"nearest-exact", "bilinear", "area", "bicubic",
                                            "lanczos"};
  types.push_back(
      pack_node("rgthree-comfy", "Image Resize (rgthree)",
                "Scales pictures to a frame, cut, padded or within it.",
                {link("image", "IMAGE"), choice("measurement", {"pixels", "percentage"}),
                 integer("width", 0, 0, kMaxResolution), integer("height", 0, 0, kMaxResolution),
                 choice("fit", {"crop", "pad", "contain"}), choice("method", methods)},
                {{"IMAGE", "IMAGE"}, {"INT", "WIDTH"}, {"INT", "HEIGHT"}}, resize_with_fit));
  types.push_back(pack_node(
      "ComfyUI-KJNodes", "ImageResizeKJv2", "Scales pictures to a frame.",
      {link("image", "IMAGE"), integer("width", 512, 0, kMaxResolution),
       integer("height", 512, 0, kMaxResolution), choice("upscale_method", kj_methods),
       choice("keep_proportion", {"stretch", "resize", "pad", "crop", "total_pixels"}),
       text("pad_color", "0, 0, 0"),
       choice("crop_position", {"center", "top", "bottom", "left", "right"}),
       integer("divisible_by", 2, 0, 512), link("mask", "MASK").optional(),
       choice("device", {"cpu", "gpu"}).optional()},
      {{"IMAGE", "IMAGE"}, {"INT", "width"}, {"INT", "height"}, {"MASK", "mask"}}, resize_kj));
  types.push_back(pack_node(
      "ComfyUI_essentials", "ImageResize+", "Scales pictures to a frame, on a condition.",
      {link("image", "IMAGE"), integer("width", 512, 0, kMaxResolution),
       integer("height", 512, 0, kMaxResolution),
       choice("interpolation", {"bilinear", "bicubic", "area", "nearest-exact", "lanczos"}),
       choice("method", {"stretch", "keep proportion", "fill / crop", "pad"}),
       choice("condition", {"always", "downscale if bigger", "upscale if smaller", "if bigger area",
                            "if smaller area"}),
       integer("multiple_of", 0, 0, 512)},
      kImageAndSize, resize_essential));
  types.push_back(pack_node("ComfyUI_essentials", "ImageCASharpening+",
                            "Sharpens pictures, more where they are soft.",
                            {link("image", "IMAGE"), real("amount", 0.8, 0.0, 1.0, 0.05)},
                            {{"IMAGE", "IMAGE"}}, sharpen_adaptively));
}

}  // namespace zanime::nodes
