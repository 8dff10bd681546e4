// ImageCropToMask: the subject of a picture, cut out and centred.
#include <algorithm>
#include <array>
#include <cmath>
#include <string>

#include "base/error.h"
#include "nodes/core_nodes.h"
#include "nodes/pictures/picture_tensors.h"
#include "pictures/axes.h"
#include "pictures/morphology.h"
#include "pictures/resample.h"

namespace zanime::nodes {
namespace {

// Masks count as 0 below this and as the subject above that.
constexpr float kFaint = 0.05f, kSubject = 204.0f / 255.0f;

struct CropWish {
  int64_t width = 0, height = 0;
  double margin = 1.0;
  int64_t grow = 0;
};

// A part of a picture that may reach beyond it.
struct Box {
  int64_t left = 0, top = 0, width = 0, height = 0;
};

void invert(Tensor& mask) {
  for (float& value : mask.values()) value = 1.0f - value;
}

float mean_of(const Tensor& mask, int64_t top, int64_t bottom, int64_t left, int64_t right) {
  double sum = 0;
  for (int64_t y = top; y < bottom; ++y) {
    for (int64_t x = left; x < right; ++x) sum += mask.data()[y * mask.dim(2) + x];
  }
  return static_cast<float>(sum / static_cast<double>((bottom - top) * (right - left)));
}

// Bright along the border and dark in the middle: somebody handed over the background.
bool seems_inverted(const Tensor& mask) {
  const int64_t height = mask.dim(1), width = mask.dim(2);
  const float rows = mean_of(mask, 0, 1, 0, width) + mean_of(mask, height - 1, height, 0, width);
  const float columns = mean_of(mask, 0, height, 0, 1) + mean_of(mask, 0, height, width - 1, width);
  const auto h = static_cast<float>(height), w = static_cast<float>(width);
  const float border = (rows * w + columns * h) / (2 * (w + h));
  if (height / 4 >= height - height / 4 || width / 4 >= width - width / 4) return false;
  return border > 0.5f &&
         mean_of(mask, height / 4, height - height / 4, width / 4, width - width / 4) < 0.5f;
}

// As many values 0 to 1 as 8 bits hold, rounded down.
bool is_subject(float value) { return std::floor(value * 255.0f) / 255.0f > kSubject; }

// What holds the subject; empty where there is none.
Box bounds_of(const Tensor& mask) {
  const int64_t height = mask.dim(1), width = mask.dim(2);
  int64_t left = width, right = -1, top = height, bottom = -1;
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      if (!is_subject(mask.data()[y * width + x])) continue;
      left = std::min(left, x);
      right = std::max(right, x);
      top = std::min(top, y);
      bottom = std::max(bottom, y);
    }
  }
  if (right < 0) return {};
  return {left, top, right - left + 1, bottom - top + 1};
}

// The bounds, grown to the wanted shape and by the margin.
Box framed(const Box& bounds, const CropWish& wish) {
  const double shape = static_cast<double>(wish.width) / static_cast<double>(wish.height);
  const auto width = static_cast<double>(bounds.width), height = static_cast<double>(bounds.height);
  double across = width * wish.margin, down = width / shape * wish.margin;
  if (width / height < shape) {
    down = height * wish.margin;
    across = height * shape * wish.margin;
  }
  const auto half = [](double length) {
    return static_cast<int64_t>(std::ceil(std::trunc(length) / 2));
  };
  const auto first = [](int64_t place, int64_t length, int64_t half_length) {
    const double centre = static_cast<double>(2 * place + length - 1) / 2.0;
    return static_cast<int64_t>(centre - static_cast<double>(half_length));
  };
  const int64_t half_width = half(across), half_height = half(down);
  return {first(bounds.left, bounds.width, half_width),
          first(bounds.top, bounds.height, half_height), 2 * half_width, 2 * half_height};
}

// A box of pixels [batch, height, width, channels], 0 where it reaches beyond.
Tensor cut_out(const Tensor& pixels, const Box& box) {
  const int64_t before_x = std::max<int64_t>(0, -box.left);
  const int64_t before_y = std::max<int64_t>(0, -box.top);
  const int64_t after_x = std::max<int64_t>(0, box.left + box.width - pixels.dim(2));
  const int64_t after_y = std::max<int64_t>(0, box.top + box.height - pixels.dim(1));
  const Tensor padded =
      pictures::pad(pictures::pad(pixels, 1, before_y, after_y, 0.0f), 2, before_x, after_x, 0.0f);
  return pictures::crop_pixels(padded, box.top + before_y, box.left + before_x, box.height,
                               box.width);
}

Tensor prepared_mask(const Tensor& given, int64_t grow) {
  Tensor mask = given.clone();
  for (float& value : mask.values()) value = std::clamp(value, 0.0f, 1.0f);
  if (seems_inverted(mask)) invert(mask);
  if (grow != 0) {
    mask = pictures::square_extreme(
        mask, 2 * std::abs(grow) + 1,
        grow > 0 ? pictures::Extreme::kLargest : pictures::Extreme::kSmallest);
  }
  for (float& value : mask.values()) value = value < kFaint ? 0.0f : value;
  return mask;
}

// One picture [1, height, width, 3] with its mask [1, height, width].
Tensor crop_to_mask(Tensor pixels, const Tensor& given, const std::array<float, 3>& background,
                    const CropWish& wish) {
  Tensor mask = prepared_mask(given, wish.grow);
  const int64_t longest = std::max(pixels.dim(1), pixels.dim(2));
  const int64_t limit = std::max(wish.width, wish.height);
  if (longest > limit) {
    const double scale = static_cast<double>(limit) / static_cast<double>(longest);
    const auto side = [&](int64_t length) {
      return std::max<int64_t>(1, static_cast<int64_t>(static_cast<double>(length) * scale));
    };
    const int64_t height = side(pixels.dim(1)), width = side(pixels.dim(2));
    pixels = pictures::resize_pixels(pixels, height, width, pictures::ResizeMethod::kLanczos);
    mask = resized_mask(mask, height, width, pictures::ResizeMethod::kLanczos);
  }
  Box bounds = bounds_of(mask);
  if (bounds.width == 0) {
    invert(mask);
    bounds = bounds_of(mask);
    if (bounds.width == 0) invert(mask);
  }
  const Box box =
      bounds.width == 0 ? Box{0, 0, pixels.dim(2), pixels.dim(1)} : framed(bounds, wish);
  Tensor picture = cut_out(pixels, box);
  const Tensor weights =
      cut_out(mask.reshaped({int64_t{1}, mask.dim(1), mask.dim(2), int64_t{1}}), box);
  for (int64_t i = 0; i < picture.size(); ++i) {
    const float weight = weights.data()[i / 3];
    const float value = std::clamp(picture.data()[i], 0.0f, 1.0f) * weight +
                        background[static_cast<size_t>(i % 3)] * (1 - weight);
    picture.data()[i] = std::clamp(value, 0.0f, 1.0f);
  }
  return pictures::resize_pixels(picture, wish.height, wish.width,
                                 pictures::ResizeMethod::kLanczos);
}

// "#rrggbb"; black for anything else, as in the reference.
std::array<float, 3> colour_of(const std::string& text) {
  const size_t start = text.find_first_not_of('#');
  const std::string digits = start == std::string::npos ? "" : text.substr(start);
  const bool is_hex =
      digits.size() == 6 && digits.find_first_not_of("0123456789abcdefABCDEF") == std::string::npos;
  if (!is_hex) return {};
  std::array<float, 3> rgb;
  for (size_t c = 0; c < 3; ++c) {
    rgb[c] = static_cast<float>(std::stoi(digits.substr(2 * c, 2), nullptr, 16)) / 255.0f;
  }
  return rgb;
}

std::vector<Value> crop_images_to_masks(const Arguments& arguments, NodeContext&) {
  const Tensor pixels = with_channels(arguments.get<Image>("images").pixels, 3);
  Tensor masks = arguments.get<Mask>("masks").values;
  const int64_t batch = pixels.dim(0);
  if (masks.dim(0) != batch && masks.dim(0) != 1) {
    throw Error(ErrorKind::kGraph, std::to_string(masks.dim(0)) + " masks do not go with " +
                                       std::to_string(batch) +
                                       " pictures; give one, or one for each");
  }
  if (masks.dim(1) != pixels.dim(1) || masks.dim(2) != pixels.dim(2)) {
    masks = resized_mask(masks, pixels.dim(1), pixels.dim(2), pictures::ResizeMethod::kBilinear);
  }
  const CropWish wish{arguments.integer("width"), arguments.integer("height"),
                      arguments.real("pad_factor"), arguments.integer("grow_mask")};
  const std::array<float, 3> background = colour_of(arguments.text("background"));
  std::vector<Tensor> cropped;
  for (int64_t i = 0; i < batch; ++i) {
    cropped.push_back(
        crop_to_mask(pixels.rows(i, 1), masks.rows(i % masks.dim(0), 1), background, wish));
  }
  return {Image{pictures::join(cropped, 0)}};
}

}  // namespace

void add_crop_to_mask_node(NodeTypes& types) {
  types.push_back({
      .class_name = "ImageCropToMask",
      .display_name = "Crop Image to Mask",
      .category = "image/transform",
      .description = "Cuts out what a mask shows, centred on a plain background.",
      .inputs = {link("images", "IMAGE"), link("masks", "MASK"),
                 integer("width", 1024, 64, 4096, 8).tip("Of the result, in pixels."),
                 integer("height", 1024, 64, 4096, 8).tip("Of the result, in pixels."),
                 real("pad_factor", 1.0, 1.0, 2.0, 0.01).tip("Room around it, as a factor."),
                 integer("grow_mask", 0, -32, 32).tip("By how many pixels; below 0 it shrinks."),
                 text("background", "#000000").tip("Its colour, #rrggbb.")},
      .outputs = {{"IMAGE", "images"}},
      .is_core = false,
      .run = crop_images_to_masks,
  });
}

}  // namespace zanime::nodes
