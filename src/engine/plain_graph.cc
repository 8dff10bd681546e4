#include "engine/plain_graph.h"

#include <utility>

namespace zanime::engine {
namespace {

using nlohmann::ordered_json;

// Of the official Z-Image graph with this control branch.
constexpr double kCannyLow = 0.1, kCannyHigh = 0.32;

class PlainGraph {
 public:
  PlainGraph(const GenerationParams& params, bool aura_sampling, const GraphPictures& pictures)
      : params_(params), aura_sampling_(aura_sampling), pictures_(pictures) {}

  ordered_json build(const std::string& filename_prefix) {
    add("1", "UNETLoader", {{"unet_name", params_.model}, {"weight_dtype", "default"}});
    add("2", "CLIPLoader",
        {{"clip_name", params_.text_encoder}, {"type", "lumina2"}, {"device", "default"}});
    add("3", "VAELoader", {{"vae_name", params_.vae}});
    add_adapters();
    if (!params_.control.empty()) add_control();
    if (aura_sampling_) {
      model_ = add("4", "ModelSamplingAuraFlow", {{"model", model_}, {"shift", params_.shift}});
    }
    add("5", "CLIPTextEncode", {{"clip", clip_}, {"text", params_.prompt}});
    add("6", "CLIPTextEncode", {{"clip", clip_}, {"text", params_.negative_prompt}});

    const bool from_picture = !pictures_.init_image.empty();
    const ordered_json start = from_picture ? add_init_image() : add_empty_latent();
    const ordered_json latent =
        add_sampler("8", start, params_.steps,
                    from_picture ? params_.strength.value_or(kDefaultStrength) : params_.denoise);
    ordered_json image = params_.hires > 1.0 ? add_second_pass(latent) : decode("9", latent);
    if (!params_.upscale.empty()) image = add_upscale(image);
    add("10", "SaveImage", {{"images", image}, {"filename_prefix", filename_prefix}});
    return std::move(graph_);
  }

 private:
  static ordered_json output(const std::string& id, int index = 0) {
    return ordered_json::array({id, index});
  }

  // Returns the node's first output.
  ordered_json add(const std::string& id, const char* class_type, ordered_json inputs) {
    graph_[id] = {{"class_type", class_type}, {"inputs", std::move(inputs)}};
    return output(id);
  }

  void add_adapters() {
    int id = 30;
    for (const LoraChoice& lora : params_.loras) {
      const std::string name = std::to_string(id++);
      model_ = add(name, "LoraLoader",
                   {{"model", model_},
                    {"clip", clip_},
                    {"lora_name", lora.name},
                    {"strength_model", lora.strength},
                    {"strength_clip", lora.strength}});
      clip_ = output(name, 1);
    }
  }

  void add_control() {
    const ordered_json branch = add("25", "ModelPatchLoader", {{"name", params_.control}});
    ordered_json image = add("26", "LoadImage", {{"image", pictures_.control}});
    if (params_.control_canny) {
      image = add("27", "Canny",
                  {{"image", image}, {"low_threshold", kCannyLow}, {"high_threshold", kCannyHigh}});
    }
    model_ = add("28", "ZImageFunControlnet",
                 {{"model", model_},
                  {"model_patch", branch},
                  {"vae", output("3")},
                  {"strength", params_.control_strength},
                  {"image", image}});
  }

  ordered_json add_upscale(const ordered_json& image) {
    const ordered_json network = add("50", "UpscaleModelLoader", {{"model_name", params_.upscale}});
    return add("51", "ImageUpscaleWithModel", {{"upscale_model", network}, {"image", image}});
  }

  ordered_json add_empty_latent() {
    return add("7", "EmptyLatentImage",
               {{"width", width()}, {"height", height()}, {"batch_size", params_.batch}});
  }

  ordered_json add_init_image() {
    ordered_json image = add("11", "LoadImage", {{"image", pictures_.init_image}});
    if (pictures_.scale) image = add_scale("12", image, "lanczos");
    ordered_json latent = encode("13", image);
    if (!pictures_.mask.empty()) {
      mask_ = add("15", "LoadImageMask",
                  {{"image", pictures_.mask}, {"channel", params_.mask_channel}});
      if (pictures_.scale) {
        image = add("16", "MaskToImage", {{"mask", mask_}});
        image = add_scale("17", image, "bilinear");
        mask_ = add("18", "ImageToMask", {{"image", image}, {"channel", "red"}});
      }
      latent = add("19", "SetLatentNoiseMask", {{"samples", latent}, {"mask", mask_}});
    }
    if (params_.batch > 1) {
      latent = add("14", "RepeatLatentBatch", {{"samples", latent}, {"amount", params_.batch}});
    }
    return latent;
  }

  ordered_json add_scale(const std::string& id, const ordered_json& image, const char* method) {
    return add(id, "ImageScale",
               {{"image", image},
                {"upscale_method", method},
                {"width", width()},
                {"height", height()},
                {"crop", "center"}});
  }

  // A scaled latent is not the latent of a larger picture: what the autoencoder's channels say of
  // fine structure does not scale. A second pass repaints the damage only from high noise levels,
  // and so at the price of the composition. A scaled picture that is encoded again is sound at any
  // strength, and the two trips through the autoencoder cost little beside the pass itself.
  ordered_json add_second_pass(const ordered_json& latent) {
    ordered_json larger;
    if (params_.hires_from == "latent") {
      larger =
          add("20", "LatentUpscaleBy",
              {{"samples", latent}, {"upscale_method", "bislerp"}, {"scale_by", params_.hires}});
    } else {
      larger = add("20", "ImageScaleBy",
                   {{"image", decode("9", latent)},
                    {"upscale_method", "lanczos"},
                    {"scale_by", params_.hires}});
      larger = encode("21", larger);
      if (!mask_.is_null()) {
        larger = add("22", "SetLatentNoiseMask", {{"samples", larger}, {"mask", mask_}});
      }
    }
    larger = add_sampler("23", larger, params_.hires_steps.value_or(params_.steps),
                         params_.hires_strength);
    graph_["23"]["_meta"] = {{"title", "Second pass"}};
    return decode("24", larger);
  }

  ordered_json add_sampler(const std::string& id, const ordered_json& latent, int64_t steps,
                           double denoise) {
    return add(id, "KSampler",
               {{"model", model_},
                {"seed", params_.seed.value_or(0)},
                {"steps", steps},
                {"cfg", params_.cfg},
                {"sampler_name", params_.sampler},
                {"scheduler", params_.scheduler},
                {"positive", output("5")},
                {"negative", output("6")},
                {"latent_image", latent},
                {"denoise", denoise}});
  }

  ordered_json encode(const std::string& id, const ordered_json& image) {
    return add(id, "VAEEncode", {{"pixels", image}, {"vae", output("3")}});
  }
  ordered_json decode(const std::string& id, const ordered_json& latent) {
    return add(id, "VAEDecode", {{"samples", latent}, {"vae", output("3")}});
  }

  int64_t width() const { return params_.width.value_or(kDefaultWidth); }
  int64_t height() const { return params_.height.value_or(kDefaultHeight); }

  const GenerationParams& params_;
  bool aura_sampling_;
  const GraphPictures& pictures_;
  ordered_json graph_ = ordered_json::object();
  ordered_json model_ = output("1"), clip_ = output("2");  // with what was done to them so far
  ordered_json mask_;                                      // null: none
};

}  // namespace

ordered_json plain_graph(const GenerationParams& params, bool aura_sampling,
                         const std::string& filename_prefix, const GraphPictures& pictures) {
  return PlainGraph(params, aura_sampling, pictures).build(filename_prefix);
}

ordered_json upscale_graph(const std::string& picture, const std::string& model,
                           const std::string& filename_prefix) {
  const auto output = [](const char* id) { return ordered_json::array({id, 0}); };
  const auto node = [](const char* class_type, ordered_json inputs) {
    return ordered_json{{"class_type", class_type}, {"inputs", std::move(inputs)}};
  };
  ordered_json graph = ordered_json::object();
  graph["1"] = node("LoadImage", {{"image", picture}});
  graph["2"] = node("UpscaleModelLoader", {{"model_name", model}});
  graph["3"] =
      node("ImageUpscaleWithModel", {{"upscale_model", output("2")}, {"image", output("1")}});
  graph["4"] = node("SaveImage", {{"images", output("3")}, {"filename_prefix", filename_prefix}});
  return graph;
}

}  // namespace zanime::engine
