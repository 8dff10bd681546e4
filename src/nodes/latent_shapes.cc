// Cutting, joining, pasting and turning latents, and what a batch of them consists of.
#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "models/autoencoder.h"
#include "nodes/common_inputs.h"
#include "nodes/core_nodes.h"
#include "nodes/latent_tensors.h"
#include "nodes/pictures/picture_tensors.h"
#include "nodes/vae_picture.h"
#include "pictures/axes.h"
#include "pictures/composite.h"
#include "pictures/resample.h"

namespace zanime::nodes {
namespace {

constexpr int64_t kMostLatents = 4096;
constexpr size_t kGrowingLatents = 50;

Latent with_samples(Latent latent, Tensor samples) {
  latent.samples = std::move(samples);
  return latent;
}

// "x" or "-x" is the width, "y" the height; "t", which only videos have, is the axis before.
int axis_of(const std::string& dim) {
  switch (dim.back()) {
    case 'x':
      return 3;
    case 'y':
      return 2;
    default:
      return 1;
  }
}

std::vector<Value> concatenate_latents(const Arguments& arguments, NodeContext&) {
  const Latent& first = arguments.get<Latent>("samples1");
  const std::string& dim = arguments.text("dim");
  std::vector<Tensor> parts{
      first.samples,
      pictures::repeat_to_batch(arguments.get<Latent>("samples2").samples, first.samples.dim(0))};
  if (dim.starts_with('-')) std::swap(parts[0], parts[1]);
  return {with_samples(first, pictures::join(parts, axis_of(dim)))};
}

std::vector<Value> cut_latent(const Arguments& arguments, NodeContext&) {
  const Latent& latent = arguments.get<Latent>("samples");
  const int axis = axis_of(arguments.text("dim"));
  const int64_t size = latent.samples.dim(axis);
  int64_t index = arguments.integer("index");
  index = index >= 0 ? std::min(index, size - 1) : std::max<int64_t>(0, size + index);
  const int64_t amount = std::min(arguments.integer("amount"), size - index);
  return {with_samples(latent, pictures::slice(latent.samples, axis, index, amount))};
}

std::vector<Value> cut_to_batch(const Arguments& arguments, NodeContext&) {
  const Latent& latent = arguments.get<Latent>("samples");
  const int axis = axis_of(arguments.text("dim"));
  if (axis < 2) return {latent};
  const int64_t slice_size = std::min(arguments.integer("slice_size"), latent.samples.dim(axis));
  std::vector<Tensor> parts;
  for (int64_t i = 0; i < latent.samples.dim(0); ++i) {
    for (int64_t first = 0; first + slice_size <= latent.samples.dim(axis); first += slice_size) {
      parts.push_back(pictures::slice(latent.samples.rows(i, 1), axis, first, slice_size));
    }
  }
  return {with_samples(latent, pictures::join(parts, 0))};
}

std::vector<Value> crop_latent(const Arguments& arguments, NodeContext&) {
  const Latent& latent = arguments.get<Latent>("samples");
  const Tensor& samples = latent.samples;
  // At least 64 pixels are left where there are as many.
  const auto place = [&](const std::string& name, int axis) {
    const int64_t last = std::max<int64_t>(0, samples.dim(axis) - 64 / models::kPixelsPerLatent);
    return std::min(arguments.integer(name) / models::kPixelsPerLatent, last);
  };
  const int64_t left = place("x", 3), top = place("y", 2);
  const int64_t width =
      std::min(arguments.integer("width") / models::kPixelsPerLatent, samples.dim(3) - left);
  const int64_t height =
      std::min(arguments.integer("height") / models::kPixelsPerLatent, samples.dim(2) - top);
  return {with_samples(latent, pictures::crop_planes(samples, top, left, height, width))};
}

std::vector<Value> flip_latent(const Arguments& arguments, NodeContext&) {
  const Latent& latent = arguments.get<Latent>("samples");
  const bool upside_down = arguments.text("flip_method").starts_with("x");
  return {with_samples(latent, pictures::flip(latent.samples, upside_down ? 2 : 3))};
}

std::vector<Value> rotate_latent(const Arguments& arguments, NodeContext&) {
  const Latent& latent = arguments.get<Latent>("samples");
  return {with_samples(
      latent, pictures::rotate(latent.samples, 2, quarter_turns(arguments.text("rotation"))))};
}

// Ramps on the edges that lie inside the destination, in places of the latent.
Tensor paste_mask(int64_t height, int64_t width, int64_t feather, bool left, bool top, bool right,
                  bool bottom) {
  const auto ramp = [feather](bool inside, int64_t place) {
    if (!inside || place >= feather) return 1.0f;
    return static_cast<float>(static_cast<double>(place + 1) / static_cast<double>(feather));
  };
  Tensor mask({1, height, width});
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x) {
      mask.data()[y * width + x] =
          ramp(left, x) * ramp(right, width - 1 - x) * ramp(top, y) * ramp(bottom, height - 1 - y);
    }
  }
  return mask;
}

std::vector<Value> composite_latents(const Arguments& arguments, NodeContext&) {
  const Latent& destination = arguments.get<Latent>("samples_to");
  const Tensor& whole = destination.samples;
  const int64_t left = arguments.integer("x") / models::kPixelsPerLatent;
  const int64_t top = arguments.integer("y") / models::kPixelsPerLatent;
  const int64_t feather = arguments.integer("feather") / models::kPixelsPerLatent;
  if (left >= whole.dim(3) || top >= whole.dim(2)) return {destination};
  const Tensor& given = arguments.get<Latent>("samples_from").samples;
  const Tensor part = pictures::crop_planes(given, 0, 0, std::min(given.dim(2), whole.dim(2) - top),
                                            std::min(given.dim(3), whole.dim(3) - left));
  const Tensor mask = feather == 0 ? Tensor()
                                   : paste_mask(part.dim(2), part.dim(3), feather, left != 0,
                                                top != 0, left + part.dim(3) < whole.dim(3),
                                                top + part.dim(2) < whole.dim(2));
  return {with_samples(destination, pictures::composite_planes(whole, part, left, top, mask))};
}

std::vector<Value> composite_masked(const Arguments& arguments, NodeContext&) {
  const Latent& destination = arguments.get<Latent>("destination");
  Tensor source = arguments.get<Latent>("source").samples;
  if (arguments.get<bool>("resize_source")) {
    source = pictures::resize_planes(source, destination.samples.dim(2), destination.samples.dim(3),
                                     pictures::ResizeMethod::kBilinear);
  }
  const Tensor mask = arguments.has("mask") ? arguments.get<Mask>("mask").values : Tensor();
  return {with_samples(destination, pictures::composite_planes(
                                        destination.samples, source,
                                        arguments.integer("x") / models::kPixelsPerLatent,
                                        arguments.integer("y") / models::kPixelsPerLatent, mask))};
}

// Which pictures of a larger batch these are, also where the latent does not say so.
std::vector<int64_t> places_of(const Latent& latent, int64_t first = 0) {
  if (!latent.batch_index.empty()) return latent.batch_index;
  std::vector<int64_t> places(static_cast<size_t>(latent.samples.dim(0)));
  std::iota(places.begin(), places.end(), first);
  return places;
}

// One batch of all; each gets the size of the first.
Latent batched(const std::vector<Latent>& latents) {
  Latent out = latents.front();
  std::vector<Tensor> samples;
  out.batch_index.clear();
  for (const Latent& latent : latents) {
    samples.push_back(
        fitted_planes(latent.samples, latents.front().samples, pictures::ResizeMethod::kBilinear));
    for (const int64_t place : places_of(latent)) out.batch_index.push_back(place);
  }
  out.samples = pictures::join(samples, 0);
  return out;
}

std::vector<Value> batch_two_latents(const Arguments& arguments, NodeContext&) {
  return {batched({arguments.get<Latent>("samples1"), arguments.get<Latent>("samples2")})};
}

std::vector<Value> batch_latents(const Arguments& arguments, NodeContext&) {
  std::vector<Latent> latents;
  for (const auto& [name, value] : arguments.group("latents")) {
    latents.push_back(std::get<Latent>(value));
  }
  return {batched(latents)};
}

// One picture of a batch; an empty mask changes everything.
struct SingleLatent {
  Tensor samples;  // [1, channels, height, width]
  Tensor mask;     // [1, any height, any width]
  int64_t place = 0;
};

std::vector<SingleLatent> single_latents(const std::vector<Value>& list) {
  std::vector<SingleLatent> singles;
  for (const Value& item : list) {
    const auto& latent = std::get<Latent>(item);
    const std::vector<int64_t> places = places_of(latent, static_cast<int64_t>(singles.size()));
    for (int64_t i = 0; i < latent.samples.dim(0); ++i) {
      SingleLatent single;
      single.samples = latent.samples.rows(i, 1);
      if (!latent.noise_mask.empty()) {
        single.mask = latent.noise_mask.rows(i % latent.noise_mask.dim(0), 1);
      }
      single.place = places[static_cast<size_t>(i) % places.size()];
      singles.push_back(std::move(single));
    }
  }
  return singles;
}

Latent joined_latent(const std::vector<SingleLatent>& singles) {
  Latent latent;
  std::vector<Tensor> samples, masks;
  bool masked = false;
  for (const SingleLatent& single : singles) {
    samples.push_back(single.samples);
    latent.batch_index.push_back(single.place);
    masked = masked || !single.mask.empty();
  }
  latent.samples = pictures::join(samples, 0);
  if (!masked) return latent;
  const int64_t height = latent.samples.dim(2) * models::kPixelsPerLatent;
  const int64_t width = latent.samples.dim(3) * models::kPixelsPerLatent;
  for (const SingleLatent& single : singles) {
    Tensor mask = single.mask;
    if (mask.empty()) {
      mask = Tensor({1, 1, 1});
      mask.data()[0] = 1.0f;
    }
    masks.push_back(resized_mask(mask, height, width, pictures::ResizeMethod::kBilinear));
  }
  latent.noise_mask = pictures::join(masks, 0);
  return latent;
}

std::vector<Value> rebatch_latents(const Arguments& arguments, NodeContext&) {
  const auto size = static_cast<size_t>(arguments.integer("batch_size"));
  std::vector<Value> batches;
  std::vector<SingleLatent> open;
  const auto close = [&] {
    if (!open.empty()) batches.emplace_back(joined_latent(open));
    open.clear();
  };
  for (SingleLatent& single : single_latents(arguments.items("latents"))) {
    // Pictures of another size begin a batch of their own.
    const bool fits = open.empty() || open.front().samples.shape() == single.samples.shape();
    if (!fits || open.size() == size) close();
    open.push_back(std::move(single));
  }
  close();
  return {items(std::move(batches))};
}

std::vector<Value> seed_behaviour(const Arguments& arguments, NodeContext&) {
  Latent latent = arguments.get<Latent>("samples");
  if (arguments.text("seed_behavior") == "random") {
    latent.batch_index.clear();
  } else {
    const int64_t place = latent.batch_index.empty() ? 0 : latent.batch_index.front();
    latent.batch_index.assign(static_cast<size_t>(latent.samples.dim(0)), place);
  }
  return {std::move(latent)};
}

// 128 channels, a 16th of the picture's sides: FLUX.2's form. A sampler fits an empty latent to its
// model.
std::vector<Value> empty_flux2_latent(const Arguments& arguments, NodeContext&) {
  const Shape shape{arguments.integer("batch_size"), 128, arguments.integer("height") / 16,
                    arguments.integer("width") / 16};
  pictures::check_size(shape);
  return {Latent{Tensor::zeros(shape)}};
}

InputSpec latent_place(std::string name) {
  return integer(std::move(name), 0, 0, kMaxResolution, 8).tip("In pixels, a multiple of 8.");
}
InputSpec latent_side(std::string name) {
  return integer(std::move(name), 512, 64, kMaxResolution, 8).tip("In pixels, a multiple of 8.");
}
InputSpec flux2_side(std::string name) {
  return integer(std::move(name), 1024, 16, kMaxResolution, 16).tip("In pixels.");
}

}  // namespace

void add_latent_shape_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "LatentConcat",
      .display_name = "LatentConcat",
      .category = "model/latent/advanced",
      .description = "Sets latents beside one another.",
      .inputs = {link("samples1", "LATENT"), link("samples2", "LATENT"),
                 choice("dim", {"x", "-x", "y", "-y", "t", "-t"})
                     .tip("x: to the right, y: below; with - the second comes first.")},
      .outputs = {{"LATENT", "LATENT"}},
      .is_core = false,
      .run = concatenate_latents,
  });
  types.push_back({
      .class_name = "LatentCut",
      .display_name = "LatentCut",
      .category = "model/latent/advanced",
      .description = "Cuts a strip out of a latent.",
      .inputs = {link("samples", "LATENT"), choice("dim", {"x", "y", "t"}),
                 integer("index", 0, -kMaxResolution, kMaxResolution)
                     .tip("Where it begins, in places of the latent; below 0 from the end."),
                 integer("amount", 1, 1, kMaxResolution).tip("How many places.")},
      .outputs = {{"LATENT", "LATENT"}},
      .is_core = false,
      .run = cut_latent,
  });
  types.push_back({
      .class_name = "LatentCutToBatch",
      .display_name = "LatentCutToBatch",
      .category = "model/latent/advanced",
      .description = "Cuts a latent into strips and makes a batch of them.",
      .inputs = {link("samples", "LATENT"), choice("dim", {"t", "x", "y"}),
                 integer("slice_size", 1, 1, kMaxResolution).tip("In places of the latent.")},
      .outputs = {{"LATENT", "LATENT"}},
      .is_core = false,
      .run = cut_to_batch,
  });
  types.push_back({
      .class_name = "LatentCrop",
      .display_name = "Crop Latent",
      .category = "model/latent/transform",
      .description = "Cuts a part out of a latent.",
      .inputs = {link("samples", "LATENT"), latent_side("width"), latent_side("height"),
                 latent_place("x"), latent_place("y")},
      .outputs = {{"LATENT", "LATENT"}},
      .run = crop_latent,
  });
  types.push_back({
      .class_name = "LatentFlip",
      .display_name = "Flip Latent",
      .category = "model/latent/transform",
      .description = "Mirrors a latent.",
      .inputs = {link("samples", "LATENT"), flip_method_input()},
      .outputs = {{"LATENT", "LATENT"}},
      .run = flip_latent,
  });
  types.push_back({
      .class_name = "LatentRotate",
      .display_name = "Rotate Latent",
      .category = "model/latent/transform",
      .description = "Turns a latent by quarters.",
      .inputs = {link("samples", "LATENT"), rotation_input()},
      .outputs = {{"LATENT", "LATENT"}},
      .run = rotate_latent,
  });
  types.push_back({
      .class_name = "LatentComposite",
      .display_name = "Latent Composite",
      .category = "model/latent",
      .description = "Pastes a latent onto another.",
      .inputs =
          {link("samples_to", "LATENT"), link("samples_from", "LATENT"), latent_place("x"),
           latent_place("y"),
           integer("feather", 0, 0, kMaxResolution, 8).tip("Over so many pixels its edges fade.")},
      .outputs = {{"LATENT", "LATENT"}},
      .run = composite_latents,
  });
  types.push_back({
      .class_name = "LatentCompositeMasked",
      .display_name = "Latent Composite Masked",
      .category = "model/latent",
      .description = "Pastes a latent onto another where a mask is white.",
      .inputs = {link("destination", "LATENT"), link("source", "LATENT"), latent_place("x"),
                 latent_place("y"),
                 boolean("resize_source", false).tip("Stretch the source to the destination."),
                 link("mask", "MASK").optional()},
      .outputs = {{"LATENT", "LATENT"}},
      .is_core = false,
      .run = composite_masked,
  });
  types.push_back({
      .class_name = "LatentBatch",
      .display_name = "Batch Latents",
      .category = "model/latent/batch",
      .description = "Makes one batch of two latents. The second gets the size of the first.",
      .inputs = {link("samples1", "LATENT"), link("samples2", "LATENT")},
      .outputs = {{"LATENT", "LATENT"}},
      .is_core = false,
      .run = batch_two_latents,
  });
  types.push_back({
      .class_name = "BatchLatentsNode",
      .display_name = "Batch Latents",
      .category = "model/latent/batch",
      .description = "Makes one batch of several latents. All get the size of the first.",
      .inputs = growing("latents", "latent", kGrowingLatents, "LATENT", 1),
      .outputs = {{"LATENT", "LATENT"}},
      .is_core = false,
      .run = batch_latents,
  });
  types.push_back({
      .class_name = "RebatchLatents",
      .display_name = "Rebatch Latents",
      .category = "model/latent/batch",
      .description = "Makes batches of another size.",
      .inputs = {link("latents", "LATENT").tip("A list of latents."),
                 integer("batch_size", 1, 1, kMostLatents)},
      .outputs = {{"LATENT", "LATENT", /*is_list=*/true}},
      .is_core = false,
      .takes_lists = true,
      .run = rebatch_latents,
  });
  types.push_back({
      .class_name = "LatentBatchSeedBehavior",
      .display_name = "LatentBatchSeedBehavior",
      .category = "model/latent/advanced",
      .description = "Gives the pictures of a batch noise of their own, or all the same.",
      .inputs = {link("samples", "LATENT"), choice("seed_behavior", {"random", "fixed"}, "fixed")},
      .outputs = {{"LATENT", "LATENT"}},
      .is_core = false,
      .run = seed_behaviour,
  });
  types.push_back({
      .class_name = "EmptyFlux2LatentImage",
      .display_name = "Empty Flux 2 Latent",
      .category = "model/latent",
      .description = "An empty latent to start from.",
      .inputs = {flux2_side("width"), flux2_side("height"),
                 integer("batch_size", 1, 1, kMostLatents)},
      .outputs = {{"LATENT", "LATENT"}},
      .is_core = false,
      .run = empty_flux2_latent,
  });
}

}  // namespace zanime::nodes
