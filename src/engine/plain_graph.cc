#include "engine/plain_graph.h"

#include <utility>

namespace zanime {

nlohmann::ordered_json plain_graph(const GenerationParams& params, bool aura_sampling,
                                   const std::string& filename_prefix) {
  using nlohmann::ordered_json;
  ordered_json graph = ordered_json::object();
  const auto add = [&](const char* id, const char* class_type, ordered_json inputs) {
    graph[id] = {{"class_type", class_type}, {"inputs", std::move(inputs)}};
  };
  const auto output = [](const char* id) { return ordered_json::array({id, 0}); };

  add("1", "UNETLoader", {{"unet_name", params.model}, {"weight_dtype", "default"}});
  add("2", "CLIPLoader",
      {{"clip_name", params.text_encoder}, {"type", "lumina2"}, {"device", "default"}});
  add("3", "VAELoader", {{"vae_name", params.vae}});
  if (aura_sampling) {
    add("4", "ModelSamplingAuraFlow", {{"model", output("1")}, {"shift", params.shift}});
  }
  add("5", "CLIPTextEncode", {{"clip", output("2")}, {"text", params.prompt}});
  add("6", "CLIPTextEncode", {{"clip", output("2")}, {"text", params.negative_prompt}});
  add("7", "EmptyLatentImage",
      {{"width", params.width.value_or(kDefaultWidth)},
       {"height", params.height.value_or(kDefaultHeight)},
       {"batch_size", params.batch}});
  add("8", "KSampler",
      {{"model", output(aura_sampling ? "4" : "1")},
       {"seed", params.seed.value_or(0)},
       {"steps", params.steps},
       {"cfg", params.cfg},
       {"sampler_name", params.sampler},
       {"scheduler", params.scheduler},
       {"positive", output("5")},
       {"negative", output("6")},
       {"latent_image", output("7")},
       {"denoise", params.denoise}});
  add("9", "VAEDecode", {{"samples", output("8")}, {"vae", output("3")}});
  add("10", "SaveImage", {{"images", output("9")}, {"filename_prefix", filename_prefix}});
  return graph;
}

}  // namespace zanime
