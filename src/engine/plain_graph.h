// The graph that a plain request becomes.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "engine/generation_params.h"

namespace zanime::engine {

// The names that the request's pictures have in a graph (UserFiles::add_picture).
struct GraphPictures {
  std::string init_image = {};  // empty: start from noise
  bool scale = false;           // to the request's size; what does not fit its shape is cut off
  std::string mask = {};        // of the same shape as the picture
  std::string control = {};     // what the control branch follows
};

// API form. `params` is valid and complete. Ids: 1 UNETLoader, 2 CLIPLoader, 3 VAELoader,
// 4 ModelSamplingAuraFlow, 5 and 6 CLIPTextEncode (positive, negative), 7 EmptyLatentImage,
// 8 KSampler, 9 VAEDecode, 10 SaveImage. Without `aura_sampling` node 4 is left out and the model's
// own shift holds. What a request asks for beyond that:
// - A picture to start from takes the place of 7: 11 LoadImage, 12 ImageScale, 13 VAEEncode, for a
//   batch 14 RepeatLatentBatch; with a mask 15 LoadImageMask, 16 to 18 which scale it like the
//   picture, 19 SetLatentNoiseMask.
// - A second pass: 20 ImageScaleBy and 21 VAEEncode, or 20 LatentUpscaleBy; 22 SetLatentNoiseMask,
//   23 KSampler, 24 VAEDecode.
// - Adapters: 30, 31, … LoraLoader.
// - Control: 25 ModelPatchLoader, 26 LoadImage, 27 Canny, 28 ZImageFunControlnet.
// - A network that enlarges the picture: 50 UpscaleModelLoader, 51 ImageUpscaleWithModel.
nlohmann::ordered_json plain_graph(const GenerationParams& params, bool aura_sampling = true,
                                   const std::string& filename_prefix = "zanime",
                                   const GraphPictures& pictures = {});

// A picture made larger by a network of upscale_models/: 1 LoadImage, 2 UpscaleModelLoader,
// 3 ImageUpscaleWithModel, 4 SaveImage.
nlohmann::ordered_json upscale_graph(const std::string& picture, const std::string& model,
                                     const std::string& filename_prefix = "zanime");

}  // namespace zanime::engine
