#include "nodes/value.h"

#include <algorithm>

namespace zanime::nodes {
namespace {

// Calls of std::visit by type.
template <class... Cases>
struct Overloaded : Cases... {
  using Cases::operator()...;
};
template <class... Cases>
Overloaded(Cases...) -> Overloaded<Cases...>;

}  // namespace

std::string to_string(WideInt value) {
  if (value == 0) return "0";
  const bool negative = value < 0;
  std::string digits;
  // Digit by digit from the low end, without negating: the most negative value has no opposite.
  for (; value != 0; value /= 10) {
    const int digit = static_cast<int>(value % 10);
    digits.push_back(static_cast<char>('0' + (digit < 0 ? -digit : digit)));
  }
  if (negative) digits.push_back('-');
  std::reverse(digits.begin(), digits.end());
  return digits;
}

Items items(std::vector<Value> values) {
  return std::make_shared<const ItemList>(ItemList{std::move(values)});
}

std::string_view value_type_name(const Value& value) {
  return std::visit<std::string_view>(
      Overloaded{
          [](std::monostate) { return "nothing"; },
          [](bool) { return "BOOLEAN"; },
          [](WideInt) { return "INT"; },
          [](double) { return "FLOAT"; },
          [](const std::string&) { return "STRING"; },
          [](const Model&) { return "MODEL"; },
          [](const Clip&) { return "CLIP"; },
          [](const Vae&) { return "VAE"; },
          [](const Conditioning&) { return "CONDITIONING"; },
          [](const Latent&) { return "LATENT"; },
          [](const Image&) { return "IMAGE"; },
          [](const Mask&) { return "MASK"; },
          [](const BoundingBox&) { return "BOUNDING_BOX"; },
          [](const LatentOperation&) { return "LATENT_OPERATION"; },
          [](const Sigmas&) { return "SIGMAS"; },
          [](const Sampler&) { return "SAMPLER"; },
          [](const Noise&) { return "NOISE"; },
          [](const Guider&) { return "GUIDER"; },
          [](const TimeRange&) { return "TIMESTEPS_RANGE"; },
          [](const ControlNet&) { return "MODEL_PATCH"; },
          [](const UpscaleModel&) { return "UPSCALE_MODEL"; },
          [](const Hooks&) { return "HOOKS"; },
          [](const HookKeyframes&) { return "HOOK_KEYFRAMES"; },
          [](const Json&) { return "JSON"; },
          [](const Items& list) {
            return list->values.empty() ? "an empty list" : value_type_name(list->values.front());
          },
      },
      value);
}

std::vector<Tensor> tensors_of(const Value& value) {
  return std::visit(
      Overloaded{
          [](const Conditioning& conditioning) {
            std::vector<Tensor> tensors;
            for (const ConditioningEntry& entry : conditioning) {
              tensors.push_back(entry.tokens);
              if (!entry.mask.empty()) tensors.push_back(entry.mask);
              for (const auto* list : {&entry.reference_latents, &entry.reference_texts}) {
                tensors.insert(tensors.end(), list->begin(), list->end());
              }
            }
            return tensors;
          },
          [](const Latent& latent) {
            std::vector<Tensor> tensors{latent.samples};
            if (!latent.noise_mask.empty()) tensors.push_back(latent.noise_mask);
            return tensors;
          },
          [](const Image& image) { return std::vector<Tensor>{image.pixels}; },
          [](const Mask& mask) { return std::vector<Tensor>{mask.values}; },
          [](const Items& list) {
            std::vector<Tensor> tensors;
            for (const Value& item : list->values) {
              for (Tensor& tensor : tensors_of(item)) {
                tensors.push_back(std::move(tensor));
              }
            }
            return tensors;
          },
          [](const auto&) { return std::vector<Tensor>{}; },
      },
      value);
}

}  // namespace zanime::nodes
