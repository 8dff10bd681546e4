// LatentUpscale, LatentUpscaleBy, LatentFromBatch, RepeatLatentBatch.
#include <algorithm>
#include <string>

#include "base/error.h"
#include "models/autoencoder.h"
#include "nodes/common_inputs.h"
#include "nodes/core_nodes.h"
#include "nodes/vae_picture.h"
#include "pictures/resample.h"

namespace zanime::nodes {
namespace {

constexpr int64_t kSmallestSide = 64;  // in pixels

Latent resized(Latent latent, int64_t width, int64_t height, const Arguments& arguments,
               bool crop = false) {
  if (width < 1 || height < 1) {
    throw Error(ErrorKind::kGraph, "the latent of " + std::to_string(latent.samples.dim(3)) +
                                       " x " + std::to_string(latent.samples.dim(2)) +
                                       " would become " + std::to_string(width) + " x " +
                                       std::to_string(height) + "; scale it to a larger size");
  }
  Tensor samples = latent.samples;
  if (crop) {
    const pictures::CentreCrop part =
        pictures::centre_crop(samples.dim(2), samples.dim(3), height, width);
    samples = pictures::crop_planes(samples, part.top, part.left, part.height, part.width);
  }
  latent.samples = pictures::resize_planes(
      samples, height, width, pictures::resize_method(arguments.text("upscale_method")));
  return latent;
}

std::vector<Value> upscale(const Arguments& arguments, NodeContext&) {
  const Latent& latent = arguments.get<Latent>("samples");
  int64_t width = arguments.integer("width"), height = arguments.integer("height");
  if (width == 0 && height == 0) return {latent};
  // A side of 0 follows from the other.
  const auto follow = [](int64_t side, int64_t other, int64_t other_side) {
    return pictures::round_half_even(static_cast<double>(side * other) /
                                     static_cast<double>(other_side));
  };
  const int64_t old_height = latent.samples.dim(2), old_width = latent.samples.dim(3);
  const bool follow_width = width == 0, follow_height = height == 0;
  if (!follow_width) width = std::max(width, kSmallestSide);
  if (!follow_height) height = std::max(height, kSmallestSide);
  if (follow_width) width = std::max(follow(old_width, height, old_height), kSmallestSide);
  if (follow_height) height = std::max(follow(old_height, width, old_width), kSmallestSide);
  return {resized(latent, width / models::kPixelsPerLatent, height / models::kPixelsPerLatent,
                  arguments, arguments.text("crop") == "center")};
}

std::vector<Value> upscale_by(const Arguments& arguments, NodeContext&) {
  const Latent& latent = arguments.get<Latent>("samples");
  const double factor = arguments.real("scale_by");
  return {resized(
      latent, pictures::round_half_even(static_cast<double>(latent.samples.dim(3)) * factor),
      pictures::round_half_even(static_cast<double>(latent.samples.dim(2)) * factor), arguments)};
}

// The pictures first, first + 1, … of a batch, again and again from the start where it is shorter.
Tensor repeated_rows(const Tensor& tensor, int64_t first, int64_t count) {
  if (tensor.dim(0) >= first + count) return tensor.rows(first, count);
  const int64_t row = tensor.size() / tensor.dim(0);
  std::vector<int64_t> sizes;
  for (int axis = 0; axis < tensor.rank(); ++axis) sizes.push_back(tensor.dim(axis));
  sizes[0] = count;
  Tensor out(Shape{sizes});
  for (int64_t i = 0; i < count; ++i) {
    std::copy_n(tensor.data() + (first + i) % tensor.dim(0) * row, row, out.data() + i * row);
  }
  return out;
}

std::vector<Value> from_batch(const Arguments& arguments, NodeContext&) {
  Latent latent = arguments.get<Latent>("samples");
  const int64_t batch = latent.samples.dim(0);
  const int64_t first = std::min(batch - 1, arguments.integer("batch_index"));
  const int64_t length = std::min(batch - first, arguments.integer("length"));
  latent.samples = latent.samples.rows(first, length);
  // One mask is for all pictures.
  if (!latent.noise_mask.empty() && latent.noise_mask.dim(0) > 1) {
    latent.noise_mask = repeated_rows(latent.noise_mask, first, length);
  }
  std::vector<int64_t> places;
  for (int64_t i = first; i < first + length; ++i) {
    if (latent.batch_index.empty()) {
      places.push_back(i);
    } else if (i < static_cast<int64_t>(latent.batch_index.size())) {
      places.push_back(latent.batch_index[static_cast<size_t>(i)]);
    }
  }
  latent.batch_index = std::move(places);
  return {std::move(latent)};
}

std::vector<Value> repeat_batch(const Arguments& arguments, NodeContext&) {
  Latent latent = arguments.get<Latent>("samples");
  const int64_t amount = arguments.integer("amount"), batch = latent.samples.dim(0);
  if (static_cast<double>(latent.samples.size()) * static_cast<double>(amount) > 1e9) {
    throw Error(ErrorKind::kResource, std::to_string(batch * amount) +
                                          " pictures of this size are more than one run can hold; "
                                          "lower `amount`");
  }
  latent.samples = repeated_rows(latent.samples, 0, batch * amount);
  if (!latent.noise_mask.empty() && latent.noise_mask.dim(0) > 1) {
    latent.noise_mask =
        repeated_rows(repeated_rows(latent.noise_mask, 0, batch), 0, batch * amount);
  }
  // The copies get noise of their own.
  if (!latent.batch_index.empty()) {
    const std::vector<int64_t> places = latent.batch_index;
    const auto [lowest, highest] = std::minmax_element(places.begin(), places.end());
    const int64_t offset = *highest - *lowest + 1;
    for (int64_t i = 1; i < amount; ++i) {
      for (const int64_t place : places) latent.batch_index.push_back(place + i * offset);
    }
  }
  return {std::move(latent)};
}

InputSpec latent_method_input() {
  return choice("upscale_method", pictures::latent_resize_methods())
      .tip("How new values come from old ones.");
}

}  // namespace

void add_latent_operation_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "LatentUpscale",
      .display_name = "Upscale Latent",
      .category = "model/latent",
      .description = "Scales a latent to the size that a picture of this width and height has.",
      .inputs =
          {link("samples", "LATENT"), latent_method_input(),
           integer("width", 512, 0, kMaxResolution, 8).tip("In pixels. 0: as the height asks for."),
           integer("height", 512, 0, kMaxResolution, 8).tip("In pixels. 0: as the width asks for."),
           choice("crop", {"disabled", "center"})
               .tip("center: cut off what does not fit the new shape, else stretch.")},
      .outputs = {{"LATENT", "LATENT"}},
      .run = upscale,
  });
  types.push_back({
      .class_name = "LatentUpscaleBy",
      .display_name = "Upscale Latent By",
      .category = "model/latent",
      .description = "Scales a latent by a factor.",
      .inputs = {link("samples", "LATENT"), latent_method_input(),
                 real("scale_by", 1.5, 0.01, 8.0, 0.01)},
      .outputs = {{"LATENT", "LATENT"}},
      .run = upscale_by,
  });
  types.push_back({
      .class_name = "LatentFromBatch",
      .display_name = "Latent From Batch",
      .category = "model/latent/batch",
      .description = "Takes pictures out of a batch. They get the noise they would have there.",
      .inputs = {link("samples", "LATENT"),
                 integer("batch_index", 0, 0, 63).tip("The first one, counted from 0."),
                 integer("length", 1, 1, 64).tip("How many.")},
      .outputs = {{"LATENT", "LATENT"}},
      .run = from_batch,
  });
  types.push_back({
      .class_name = "RepeatLatentBatch",
      .display_name = "Repeat Latent Batch",
      .category = "model/latent/batch",
      .description = "Repeats a batch; the copies get other noise.",
      .inputs = {link("samples", "LATENT"), integer("amount", 1, 1, 64).tip("How many times.")},
      .outputs = {{"LATENT", "LATENT"}},
      .run = repeat_batch,
  });
}

}  // namespace zanime::nodes
