// Sums, products and mixtures of latents, and operations on them that a link can carry.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "nodes/core_nodes.h"
#include "nodes/latent_tensors.h"
#include "nodes/sampling/model_patch.h"
#include "pictures/axes.h"
#include "pictures/blur.h"
#include "pictures/resample.h"
#include "sampling/guidance.h"

namespace zanime::nodes {
namespace {

// The first latent with its samples replaced by combine(first, second) number by number; the second
// gets the first one's size and batch.
template <class Combine>
std::vector<Value> combined(const Arguments& arguments, pictures::ResizeMethod method,
                            const Combine& combine) {
  Latent latent = arguments.get<Latent>("samples1");
  const Tensor& first = latent.samples;
  const Tensor second = pictures::repeat_to_batch(
      fitted_planes(arguments.get<Latent>("samples2").samples, first, method), first.dim(0));
  Tensor out(first.shape());
  for (int64_t i = 0; i < out.size(); ++i) {
    out.data()[i] = combine(first.data()[i], second.data()[i]);
  }
  latent.samples = std::move(out);
  return {std::move(latent)};
}

std::vector<Value> add_latents(const Arguments& arguments, NodeContext&) {
  return combined(arguments, pictures::ResizeMethod::kBilinear,
                  [](float a, float b) { return a + b; });
}

std::vector<Value> subtract_latents(const Arguments& arguments, NodeContext&) {
  return combined(arguments, pictures::ResizeMethod::kBilinear,
                  [](float a, float b) { return a - b; });
}

std::vector<Value> blend_latents(const Arguments& arguments, NodeContext&) {
  const auto share = static_cast<float>(arguments.real("blend_factor"));
  return combined(arguments, pictures::ResizeMethod::kBicubic,
                  [share](float a, float b) { return a * share + b * (1 - share); });
}

std::vector<Value> multiply_latent(const Arguments& arguments, NodeContext&) {
  Latent latent = arguments.get<Latent>("samples");
  const auto factor = static_cast<float>(arguments.real("multiplier"));
  latent.samples = latent.samples.clone();
  for (float& value : latent.samples.values()) value *= factor;
  return {std::move(latent)};
}

// The length of the vector that the channels form at each place: [batch, height * width].
Tensor lengths_of(const Tensor& planes) {
  const int64_t channels = planes.dim(1), places = planes.dim(2) * planes.dim(3);
  Tensor lengths({planes.dim(0), places});
  for (int64_t i = 0; i < lengths.size(); ++i) {
    const float* value = planes.data() + i / places * channels * places + i % places;
    double sum = 0;
    for (int64_t c = 0; c < channels; ++c) {
      sum += double{value[c * places]} * double{value[c * places]};
    }
    lengths.data()[i] = static_cast<float>(std::sqrt(sum));
  }
  return lengths;
}

// Each vector multiplied by factor(its place).
template <class Factor>
Tensor with_lengths(const Tensor& planes, const Factor& factor) {
  const int64_t channels = planes.dim(1), places = planes.dim(2) * planes.dim(3);
  Tensor out(planes.shape());
  for (int64_t i = 0; i < out.size(); ++i) {
    out.data()[i] = planes.data()[i] * factor(i / (channels * places) * places + i % places);
  }
  return out;
}

float ratio_or_zero(float numerator, float denominator) {
  return denominator == 0.0f ? 0.0f : numerator / denominator;
}

// Directions and lengths of the vectors are mixed apart.
std::vector<Value> interpolate_latents(const Arguments& arguments, NodeContext&) {
  Latent latent = arguments.get<Latent>("samples1");
  const Tensor& first = latent.samples;
  const auto ratio = static_cast<float>(arguments.real("ratio"));
  const Tensor second =
      pictures::repeat_to_batch(fitted_planes(arguments.get<Latent>("samples2").samples, first,
                                              pictures::ResizeMethod::kBilinear),
                                first.dim(0));
  const Tensor first_lengths = lengths_of(first), second_lengths = lengths_of(second);
  const auto unit = [](const Tensor& planes, const Tensor& lengths) {
    return with_lengths(planes,
                        [&](int64_t place) { return ratio_or_zero(1.0f, lengths.data()[place]); });
  };
  Tensor mixed = unit(first, first_lengths);
  const Tensor other = unit(second, second_lengths);
  for (int64_t i = 0; i < mixed.size(); ++i) {
    mixed.data()[i] = mixed.data()[i] * ratio + other.data()[i] * (1 - ratio);
  }
  const Tensor lengths = lengths_of(mixed);
  latent.samples = with_lengths(mixed, [&](int64_t place) {
    const float wanted =
        first_lengths.data()[place] * ratio + second_lengths.data()[place] * (1 - ratio);
    return ratio_or_zero(wanted, lengths.data()[place]);
  });
  return {std::move(latent)};
}

// Sharpens the directions of the vectors and keeps their lengths.
Tensor sharpen_latent(const Tensor& latent, int64_t radius, double sigma, double alpha) {
  constexpr float kSmall = 1e-6f;
  Tensor lengths = lengths_of(latent);
  for (float& length : lengths.values()) length += kSmall;
  const Tensor unit =
      with_lengths(latent, [&](int64_t place) { return 1.0f / lengths.data()[place]; });
  return with_lengths(pictures::sharpen_planes(unit, radius, sigma, alpha),
                      [&](int64_t place) { return lengths.data()[place]; });
}

// Shortens long vectors (Reinhard et al. 2002): none gets longer than the mean length and five
// deviations, times `multiplier`.
Tensor tonemap_latent(const Tensor& latent, double multiplier) {
  constexpr float kSmall = 1e-10f;
  Tensor lengths = lengths_of(latent);
  for (float& length : lengths.values()) length += kSmall;
  const int64_t batch = lengths.dim(0), places = lengths.dim(1);
  std::vector<double> tops;
  for (int64_t i = 0; i < batch; ++i) {
    const float* row = lengths.data() + i * places;
    double mean = 0, squares = 0;
    for (int64_t k = 0; k < places; ++k) mean += row[k];
    mean /= static_cast<double>(places);
    for (int64_t k = 0; k < places; ++k) squares += (row[k] - mean) * (row[k] - mean);
    const double deviation = std::sqrt(squares / static_cast<double>(places - 1));
    tops.push_back((deviation * 5 + mean) * multiplier);
  }
  return with_lengths(latent, [&](int64_t place) {
    const double top = tops[static_cast<size_t>(place / places)];
    const double length = lengths.data()[place];
    if (top == 0.0) return 0.0f;
    const double scaled = length / top;
    return static_cast<float>(scaled / (scaled + 1) * top / length);
  });
}

std::vector<Value> sharpen_operation(const Arguments& arguments, NodeContext&) {
  const int64_t radius = arguments.integer("sharpen_radius");
  const double sigma = arguments.real("sigma"), alpha = arguments.real("alpha");
  return {LatentOperation{
      [=](const Tensor& latent) { return sharpen_latent(latent, radius, sigma, alpha); }}};
}

std::vector<Value> tonemap_operation(const Arguments& arguments, NodeContext&) {
  const double multiplier = arguments.real("multiplier");
  return {LatentOperation{
      [multiplier](const Tensor& latent) { return tonemap_latent(latent, multiplier); }}};
}

std::vector<Value> apply_operation(const Arguments& arguments, NodeContext&) {
  Latent latent = arguments.get<Latent>("samples");
  latent.samples = arguments.get<LatentOperation>("operation").apply(latent.samples);
  return {std::move(latent)};
}

// The operation changes what the prompt adds to the negative prediction, before guidance scales it.
std::vector<Value> apply_operation_in_guidance(const Arguments& arguments, NodeContext&) {
  Model model = arguments.get<Model>("model");
  const auto apply = arguments.get<LatentOperation>("operation").apply;
  model.patches.emplace_back([apply](const PatchContext&) {
    ModelPatch patch;
    patch.guidance.before = [apply](const sampling::GuidanceCall&, Tensor& positive,
                                    Tensor& negative) {
      Tensor direction(positive.shape());
      for (int64_t i = 0; i < direction.size(); ++i) {
        direction.data()[i] = positive.data()[i] - negative.data()[i];
      }
      Tensor changed = apply(direction).clone();
      for (int64_t i = 0; i < changed.size(); ++i) changed.data()[i] += negative.data()[i];
      positive = std::move(changed);
    };
    return patch;
  });
  return {std::move(model)};
}

std::vector<InputSpec> two_latents() {
  return {link("samples1", "LATENT"), link("samples2", "LATENT")};
}

}  // namespace

void add_latent_arithmetic_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "LatentAdd",
      .display_name = "LatentAdd",
      .category = "model/latent/advanced",
      .description = "Adds latents.",
      .inputs = two_latents(),
      .outputs = {{"LATENT", "LATENT"}},
      .is_core = false,
      .run = add_latents,
  });
  types.push_back({
      .class_name = "LatentSubtract",
      .display_name = "LatentSubtract",
      .category = "model/latent/advanced",
      .description = "Subtracts a latent from another.",
      .inputs = two_latents(),
      .outputs = {{"LATENT", "LATENT"}},
      .is_core = false,
      .run = subtract_latents,
  });
  types.push_back({
      .class_name = "LatentMultiply",
      .display_name = "LatentMultiply",
      .category = "model/latent/advanced",
      .description = "Multiplies a latent by a number.",
      .inputs = {link("samples", "LATENT"), real("multiplier", 1.0, -10.0, 10.0, 0.01)},
      .outputs = {{"LATENT", "LATENT"}},
      .is_core = false,
      .run = multiply_latent,
  });
  types.push_back({
      .class_name = "LatentInterpolate",
      .display_name = "LatentInterpolate",
      .category = "model/latent/advanced",
      .description = "Mixes latents, their directions and their lengths apart.",
      .inputs = two_latents() +
                std::vector{real("ratio", 1.0, 0.0, 1.0, 0.01).tip("1: the first latent alone.")},
      .outputs = {{"LATENT", "LATENT"}},
      .is_core = false,
      .run = interpolate_latents,
  });
  types.push_back({
      .class_name = "LatentBlend",
      .display_name = "Latent Blend",
      .category = "model/latent",
      .description = "Mixes latents.",
      .inputs =
          two_latents() +
          std::vector{real("blend_factor", 0.5, 0.0, 1.0, 0.01).tip("1: the first latent alone.")},
      .outputs = {{"LATENT", "LATENT"}},
      .run = blend_latents,
  });
  types.push_back({
      .class_name = "LatentApplyOperation",
      .display_name = "LatentApplyOperation",
      .category = "model/latent/advanced/operations",
      .description = "Applies an operation to a latent.",
      .inputs = {link("samples", "LATENT"), link("operation", "LATENT_OPERATION")},
      .outputs = {{"LATENT", "LATENT"}},
      .is_core = false,
      .run = apply_operation,
  });
  types.push_back({
      .class_name = "LatentApplyOperationCFG",
      .display_name = "LatentApplyOperationCFG",
      .category = "model/latent/advanced/operations",
      .description = "Applies an operation at every step to what the prompt changes.",
      .inputs = {link("model", "MODEL"), link("operation", "LATENT_OPERATION")},
      .outputs = {{"MODEL", "MODEL"}},
      .is_core = false,
      .run = apply_operation_in_guidance,
  });
  types.push_back({
      .class_name = "LatentOperationTonemapReinhard",
      .display_name = "LatentOperationTonemapReinhard",
      .category = "model/latent/advanced/operations",
      .description = "The operation that dampens extreme values.",
      .inputs = {real("multiplier", 1.0, 0.0, 100.0, 0.01).tip("Of the largest length left.")},
      .outputs = {{"LATENT_OPERATION", "LATENT_OPERATION"}},
      .is_core = false,
      .run = tonemap_operation,
  });
  types.push_back({
      .class_name = "LatentOperationSharpen",
      .display_name = "LatentOperationSharpen",
      .category = "model/latent/advanced/operations",
      .description = "The operation that sharpens.",
      .inputs = {integer("sharpen_radius", 9, 1, 31).tip("In places of the latent."),
                 real("sigma", 1.0, 0.1, 10.0, 0.1).tip("Of the Gaussian, in radii."),
                 real("alpha", 0.1, 0.0, 5.0, 0.01).tip("How strongly.")},
      .outputs = {{"LATENT_OPERATION", "LATENT_OPERATION"}},
      .is_core = false,
      .run = sharpen_operation,
  });
}

}  // namespace zanime::nodes
