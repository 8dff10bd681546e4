#include "nodes/denoise.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "models/next_dit.h"
#include "sampling/flow.h"

namespace zanime::nodes {
namespace {

void check_conditioning(const models::NextDit& network, const Conditioning& conditioning) {
  if (conditioning.empty()) {
    throw Error(ErrorKind::kGraph, "the conditioning is empty: connect a CLIPTextEncode");
  }
  const int64_t expected = network.config().caption_dim;
  for (const ConditioningEntry& entry : conditioning) {
    if (entry.tokens.rank() == 2 && entry.tokens.dim(1) == expected) continue;
    const int64_t width = entry.tokens.rank() == 0 ? 0 : entry.tokens.dim(-1);
    throw Error(ErrorKind::kGraph,
                "the text encoder gives rows of " + std::to_string(width) +
                    " numbers and this diffusion model takes rows of " + std::to_string(expected) +
                    ": load the text encoder that belongs to it (for Z-Anime and Z-Image that is "
                    "Qwen3-4B, the file qwen_3_4b-fp8.safetensors or qwen_3_4b.safetensors)");
  }
}

// A conditioning's entry as the network takes it.
struct PreparedEntry {
  Tensor tokens;
  float sigma_start, sigma_end;  // takes part from sigma_start down to sigma_end
  float strength;
  // Once it took part.
  std::optional<models::NextDit::Caption> caption;
  std::optional<models::NextDit::Canvas> canvas;
};

std::vector<PreparedEntry> prepare(const Conditioning& conditioning,
                                   const sampling::FlowSchedule& flow) {
  std::vector<PreparedEntry> entries;
  for (const ConditioningEntry& entry : conditioning) {
    const ConditioningEntry::Range range = entry.range.value_or(ConditioningEntry::Range{});
    entries.push_back({entry.tokens, static_cast<float>(flow.percent_to_sigma(range.start)),
                       static_cast<float>(flow.percent_to_sigma(range.end)),
                       static_cast<float>(entry.strength), std::nullopt, std::nullopt});
  }
  return entries;
}

}  // namespace

sampling::Denoise flow_denoise(const Model& model, const Conditioning& conditioning,
                               ops::Backend& backend, const CancelToken& cancel) {
  check_conditioning(*model.network, conditioning);
  auto entries = std::make_shared<std::vector<PreparedEntry>>(
      prepare(conditioning, sampling::FlowSchedule(model.shift)));

  return [network = model.network, timestep_scale = static_cast<float>(model.timestep_scale),
          entries, &backend, &cancel](const Tensor& x, float sigma) {
    Tensor velocity = Tensor::zeros(x.shape());
    float total = 0.0f;
    for (PreparedEntry& entry : *entries) {
      if (sigma > entry.sigma_start || sigma < entry.sigma_end) continue;
      if (!entry.caption) entry.caption = network->embed_caption(entry.tokens, backend, cancel);
      if (!entry.canvas || !entry.canvas->fits(x)) {
        entry.canvas = network->canvas(x, *entry.caption, backend);
      }
      const Tensor next = network->velocity(x, sigma * timestep_scale, *entry.caption,
                                            *entry.canvas, backend, cancel);
      for (int64_t i = 0; i < x.size(); ++i) velocity.data()[i] += entry.strength * next.data()[i];
      total += entry.strength;
    }
    if (total == 0.0f) return Tensor::zeros(x.shape());
    const float weight = 1.0f / total;
    Tensor denoised(x.shape());
    for (int64_t i = 0; i < x.size(); ++i) {
      denoised.data()[i] = x.data()[i] - sigma * (weight * velocity.data()[i]);
    }
    return denoised;
  };
}

sampling::Guide guide_of(const Guider& guider, ops::Backend& backend, const CancelToken& cancel) {
  const auto under = [&](const Conditioning& conditioning) {
    return flow_denoise(guider.model, conditioning, backend, cancel);
  };
  const auto cfg = static_cast<float>(guider.cfg);
  const auto cfg_middle = static_cast<float>(guider.cfg_middle);
  switch (guider.kind) {
    case Guider::Kind::kBasic:
      return sampling::basic_guide(under(guider.positive));
    case Guider::Kind::kCfg:
      return sampling::cfg_guide(under(guider.positive), under(guider.negative), cfg);
    case Guider::Kind::kDualRegular:
      return sampling::dual_cfg_guide(under(guider.positive), under(guider.middle),
                                      under(guider.negative), cfg, cfg_middle);
    case Guider::Kind::kDualNested:
      return sampling::nested_cfg_guide(under(guider.positive), under(guider.middle),
                                        under(guider.negative), cfg, cfg_middle);
  }
  throw Error(ErrorKind::kInternal, "a guider of no kind (please report this)");
}

}  // namespace zanime::nodes
