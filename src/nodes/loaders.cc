// UNETLoader, CLIPLoader, VAELoader, CheckpointLoaderSimple: from a file of the models folder to a
// network.
#include <array>
#include <filesystem>
#include <memory>
#include <string>

#include "base/error.h"
#include "base/log.h"
#include "checkpoints/model_file.h"
#include "checkpoints/open_model.h"
#include "models/autoencoder.h"
#include "models/next_dit.h"
#include "models/qwen3.h"
#include "nodes/core_nodes.h"

namespace zanime::nodes {
namespace {

std::vector<Value> load_unet(const Arguments& arguments, NodeContext& context) {
  const std::string& dtype = arguments.text("weight_dtype");
  if (dtype != "default") {
    log_warning("UNETLoader (node " + context.node_id + "): weight_dtype " + dtype +
                " is not applied; the weights are used in the type that the file has");
  }
  const auto path = context.files.find("diffusion_models", arguments.text("unet_name"));
  return {Model{std::make_shared<const models::NextDit>(
      checkpoints::open_model_weights(path, checkpoints::ModelFamily::kZImage))}};
}

// Qwen3 comes in sizes that differ in nothing else; only the 4B one belongs to Z-Image.
void refuse_other_sizes(const models::Qwen3Config& config, const std::filesystem::path& path) {
  struct Size {
    int64_t hidden, layers;
    const char* name;
  };
  static constexpr std::array<Size, 5> kOthers{{{1024, 28, "Qwen3-0.6B"},
                                                {2048, 28, "Qwen3-1.7B"},
                                                {4096, 36, "Qwen3-8B"},
                                                {5120, 40, "Qwen3-14B"},
                                                {5120, 64, "Qwen3-32B"}}};
  for (const Size& size : kOthers) {
    if (config.hidden != size.hidden || config.layers != size.layers) continue;
    throw Error(ErrorKind::kFile, path.string() + ": this is " + size.name + ", with rows of " +
                                      std::to_string(config.hidden) +
                                      " numbers; Z-Anime and Z-Image need Qwen3-4B (2560): use "
                                      "qwen_3_4b-fp8.safetensors or qwen_3_4b.safetensors");
  }
}

std::string check_clip_type(const Arguments& plain) {
  if (!plain.has("type") || plain.text("type") != "flux2") return "";
  return "type `flux2` is FLUX.2's use of this encoder, with another prompt template; for Z-Anime "
         "and Z-Image choose type `lumina2` (or `qwen_image`) with the text encoder "
         "qwen_3_4b-fp8.safetensors or qwen_3_4b.safetensors";
}

std::vector<Value> load_clip(const Arguments& arguments, NodeContext& context) {
  const auto path = context.files.find("text_encoders", arguments.text("clip_name"));
  auto encoder = std::make_shared<const models::Qwen3TextEncoder>(
      checkpoints::open_model_weights(path, checkpoints::ModelFamily::kQwen3));
  refuse_other_sizes(encoder->config(), path);
  return {Clip{std::move(encoder)}};
}

Vae make_vae(const checkpoints::ModelWeights& weights) {
  Vae vae{std::make_shared<const models::AutoencoderDecoder>(weights)};
  if (weights.has("encoder.conv_in.weight")) {
    vae.encoder = std::make_shared<const models::AutoencoderEncoder>(weights);
  }
  vae.weights = std::make_shared<const checkpoints::ModelWeights>(weights);
  return vae;
}

std::vector<Value> load_vae(const Arguments& arguments, NodeContext& context) {
  const auto path = context.files.find("vae", arguments.text("vae_name"));
  return {
      make_vae(checkpoints::open_model_weights(path, checkpoints::ModelFamily::kFluxAutoencoder))};
}

// A part that the file lacks becomes an empty output: the node that needs it says so.
std::vector<Value> load_checkpoint(const Arguments& arguments, NodeContext& context) {
  const auto path = context.files.find("checkpoints", arguments.text("ckpt_name"));
  const auto file = checkpoints::open_model_file(path);
  const checkpoints::FileContents contents = checkpoints::identify(*file);
  if (contents.find(checkpoints::ModelFamily::kZImage) == nullptr) {
    throw Error(ErrorKind::kFile, path.string() +
                                      ": no Z-Image diffusion model in this file; it is " +
                                      contents.description +
                                      ". A file of one part goes to UNETLoader, CLIPLoader or "
                                      "VAELoader");
  }
  const auto part = [&](checkpoints::ModelFamily family, const char* instead) {
    const checkpoints::ModelComponent* component = contents.find(family);
    if (component == nullptr) {
      log_warning("CheckpointLoaderSimple (node " + context.node_id + "): " + path.string() +
                  " holds no " + checkpoints::family_name(family) + "; use " + instead + " for it");
    }
    return component;
  };

  std::vector<Value> outputs{Model{std::make_shared<const models::NextDit>(
      checkpoints::load_component(file, *contents.find(checkpoints::ModelFamily::kZImage)))}};
  outputs.resize(3);
  if (const auto* component = part(checkpoints::ModelFamily::kQwen3, "CLIPLoader")) {
    auto encoder = std::make_shared<const models::Qwen3TextEncoder>(
        checkpoints::load_component(file, *component));
    refuse_other_sizes(encoder->config(), path);
    outputs[1] = Clip{std::move(encoder)};
  }
  if (const auto* component = part(checkpoints::ModelFamily::kFluxAutoencoder, "VAELoader")) {
    outputs[2] = make_vae(checkpoints::load_component(file, *component));
  }
  return outputs;
}

}  // namespace

void add_loader_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "UNETLoader",
      .display_name = "Load Diffusion Model",
      .category = "model/loaders",
      .description = "Opens a diffusion model.",
      .inputs = {file("unet_name", "diffusion_models"),
                 choice("weight_dtype", {"default", "fp8_e4m3fn", "fp8_e4m3fn_fast", "fp8_e5m2"})},
      .outputs = {{"MODEL", "MODEL"}},
      .run = load_unet,
  });
  types.push_back({
      .class_name = "CLIPLoader",
      .display_name = "Load CLIP",
      .category = "model/loaders",
      .description = "Opens a text encoder: Qwen3-4B, with type lumina2 or qwen_image.",
      .inputs = {file("clip_name", "text_encoders"),
                 choice("type", {"stable_diffusion",
                                 "stable_cascade",
                                 "sd3",
                                 "stable_audio",
                                 "mochi",
                                 "ltxv",
                                 "pixart",
                                 "cosmos",
                                 "lumina2",
                                 "wan",
                                 "hidream",
                                 "chroma",
                                 "ace",
                                 "omnigen2",
                                 "qwen_image",
                                 "hunyuan_image",
                                 "flux2",
                                 "ovis",
                                 "longcat_image",
                                 "cogvideox",
                                 "lens",
                                 "pixeldit",
                                 "ideogram4",
                                 "boogu",
                                 "krea2",
                                 "joyimage",
                                 "mage",
                                 "minimax"}),
                 choice("device", {"default", "cpu"}).optional()},
      .outputs = {{"CLIP", "CLIP"}},
      .check = check_clip_type,
      .run = load_clip,
  });
  types.push_back({
      .class_name = "VAELoader",
      .display_name = "Load VAE",
      .category = "model/loaders",
      .description = "Opens an autoencoder.",
      .inputs = {file("vae_name", "vae")},
      .outputs = {{"VAE", "VAE"}},
      .run = load_vae,
  });
  types.push_back({
      .class_name = "CheckpointLoaderSimple",
      .display_name = "Load Checkpoint",
      .category = "model/loaders",
      .description = "Opens a file that holds diffusion model, text encoder and autoencoder.",
      .inputs = {file("ckpt_name", "checkpoints").tip("The file.")},
      .outputs = {{"MODEL", "MODEL"}, {"CLIP", "CLIP"}, {"VAE", "VAE"}},
      .run = load_checkpoint,
  });
}

}  // namespace zanime::nodes
