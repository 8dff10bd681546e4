#include "nodes/sampling/text_conditioning.h"

#include <utility>
#include <vector>

#include "nodes/sampling/hooks.h"

namespace zanime::nodes {

Conditioning encode_tokens(const Clip& clip, std::span<const int32_t> ids, NodeContext& context) {
  const auto entry = [&](const std::vector<double>& factors) {
    std::vector<double> strengths;
    for (size_t i = 0; i < clip.hooks.list.size(); ++i) {
      strengths.push_back(clip.hooks.list[i].clip_strength * factors[i]);
    }
    const auto encoder = hooked_encoder(clip.encoder, clip.hooks, strengths);
    return ConditioningEntry{
        .tokens = encoder->encode(ids, context.backend, context.cancel, clip.output_layer),
        .hooks = clip.conditioning_hooks};
  };
  if (!clip.follows_keyframes || clip.hooks.list.empty()) {
    return {entry(std::vector<double>(clip.hooks.list.size(), 1.0))};
  }
  const std::vector<HookSpan> spans = keyframe_spans(clip.hooks);
  if (spans.empty()) return {};
  // ComfyUI keeps the encoder that it made for the first part, and encodes with it for all.
  const ConditioningEntry first = entry(spans.front().factors);
  Conditioning conditioning(spans.size(), first);
  for (size_t i = 0; i < spans.size(); ++i) {
    conditioning[i].text_range = {spans[i].range.start, spans[i].range.end};
  }
  return conditioning;
}

}  // namespace zanime::nodes
