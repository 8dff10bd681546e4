// The graph that a plain request becomes: eight nodes and SaveImage.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/generation_params.h"

namespace zanime {

// API form. `params` is valid and has its seed and file names. Ids: 1 UNETLoader, 2 CLIPLoader,
// 3 VAELoader, 4 ModelSamplingAuraFlow, 5 and 6 CLIPTextEncode (positive, negative),
// 7 EmptyLatentImage, 8 KSampler, 9 VAEDecode, 10 SaveImage. Without `aura_sampling` node 4 is
// left out and the model's own shift holds.
nlohmann::ordered_json plain_graph(const GenerationParams& params, bool aura_sampling = true,
                                   const std::string& filename_prefix = "zanime");

}  // namespace zanime
