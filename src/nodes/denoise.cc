#include "nodes/denoise.h"

#include <string>
#include <utility>
#include <vector>

#include "base/error.h"

namespace zanime::nodes {
namespace {

void check_conditioning(const NextDit& network, const Conditioning& conditioning) {
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

}  // namespace

Denoise flow_denoise(std::shared_ptr<const NextDit> network, const Conditioning& conditioning,
                     ops::Backend& backend, const CancelToken& cancel) {
  check_conditioning(*network, conditioning);
  auto captions = std::make_shared<std::vector<NextDit::Caption>>();

  return [network = std::move(network), conditioning, captions, &backend, &cancel](const Tensor& x,
                                                                                   float sigma) {
    if (captions->empty()) {
      for (const ConditioningEntry& entry : conditioning) {
        captions->push_back(network->embed_caption(entry.tokens, backend, cancel));
      }
    }
    Tensor velocity;
    for (const NextDit::Caption& caption : *captions) {
      Tensor next = network->velocity(x, sigma, caption, backend, cancel);
      if (velocity.empty()) {
        velocity = std::move(next);
      } else {
        for (int64_t i = 0; i < velocity.size(); ++i) velocity.data()[i] += next.data()[i];
      }
    }
    const float weight = 1.0f / static_cast<float>(captions->size());
    Tensor denoised(x.shape());
    for (int64_t i = 0; i < x.size(); ++i) {
      denoised.data()[i] = x.data()[i] - sigma * (weight * velocity.data()[i]);
    }
    return denoised;
  };
}

}  // namespace zanime::nodes
