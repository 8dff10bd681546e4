// SetLatentNoiseMask: repaint a part.
#include <vector>

#include "nodes/core_nodes.h"

namespace zanime::nodes {

void add_noise_mask_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "SetLatentNoiseMask",
      .display_name = "Set Latent Noise Mask",
      .category = "model/latent/inpaint",
      .description = "Lets the sampler change a latent only where the mask is white.",
      .inputs = {link("samples", "LATENT"), link("mask", "MASK")},
      .outputs = {{"LATENT", "LATENT"}},
      .run = [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        Latent latent = arguments.get<Latent>("samples");
        latent.noise_mask = arguments.get<Mask>("mask").values;
        return {latent};
      },
  });
}

}  // namespace zanime::nodes
