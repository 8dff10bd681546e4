// ModelSave, CheckpointSave, VAESave and LoraSave: networks as files that ComfyUI opens.
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "checkpoints/adapters/extract_adapter.h"
#include "checkpoints/save_model.h"
#include "nodes/core_nodes.h"
#include "nodes/pictures/filename_prefix.h"

namespace zanime::nodes {
namespace {

using checkpoints::NetworkToSave;

// What is not stored as it lies in its file: in the type that the program computes in.
DType saved_type(const NodeContext& context) {
  return context.backend.compute_name() == "fp32" ? DType::kF32 : DType::kBF16;
}

std::string checked_prefix(const Arguments& arguments) {
  // Once more: it may have come along a link.
  const std::string problem = check_filename_prefix(arguments);
  if (!problem.empty()) throw Error(ErrorKind::kGraph, problem);
  return arguments.text("filename_prefix");
}

void save_file_of(const std::vector<NetworkToSave>& networks, const Arguments& arguments,
                  NodeContext& context) {
  context.pictures.save_file({.node_id = context.node_id,
                              .prefix = checked_prefix(arguments),
                              .extension = ".safetensors",
                              .write = [&](const std::filesystem::path& path) {
                                return checkpoints::save_networks(
                                    path, networks, saved_type(context),
                                    {{"prompt", context.graph.dump()}});
                              }});
}

NetworkToSave saved(const Model& model) {
  return {&model.network->weights(), checkpoints::kSavedDitPrefix};
}

std::vector<Value> save_model(const Arguments& arguments, NodeContext& context) {
  save_file_of({saved(arguments.get<Model>("model"))}, arguments, context);
  return {};
}

std::vector<Value> save_checkpoint(const Arguments& arguments, NodeContext& context) {
  save_file_of({saved(arguments.get<Model>("model")),
                {&arguments.get<Clip>("clip").encoder->weights(), checkpoints::kSavedQwen3Prefix},
                {arguments.get<Vae>("vae").weights.get(), checkpoints::kSavedAutoencoderPrefix}},
               arguments, context);
  return {};
}

std::vector<Value> save_vae(const Arguments& arguments, NodeContext& context) {
  save_file_of({{arguments.get<Vae>("vae").weights.get(), ""}}, arguments, context);
  return {};
}

std::vector<Value> save_lora(const Arguments& arguments, NodeContext& context) {
  const checkpoints::ModelWeights* model =
      arguments.has("model_diff") ? &arguments.get<Model>("model_diff").network->weights()
                                  : nullptr;
  const checkpoints::ModelWeights* text_encoder =
      arguments.has("text_encoder_diff")
          ? &arguments.get<Clip>("text_encoder_diff").encoder->weights()
          : nullptr;
  if (model == nullptr && text_encoder == nullptr) return {};
  const checkpoints::ExtractOptions options{.low_rank = arguments.text("lora_type") == "standard",
                                            .rank = arguments.integer("rank"),
                                            .with_vectors = arguments.get<bool>("bias_diff")};
  context.pictures.save_file({.node_id = context.node_id,
                              .prefix = checked_prefix(arguments),
                              .extension = ".safetensors",
                              .write = [&](const std::filesystem::path& path) {
                                return checkpoints::save_extracted_adapter(path, model,
                                                                           text_encoder, options);
                              }});
  return {};
}

void add_saver(NodeTypes& types, const char* class_name, const char* display_name,
               const char* description, std::vector<InputSpec> inputs, const char* prefix,
               NodeFunction run) {
  inputs.push_back(text("filename_prefix", prefix).tip("The beginning of the file name."));
  inputs.push_back(hidden("prompt", "PROMPT"));
  inputs.push_back(hidden("extra_pnginfo", "EXTRA_PNGINFO"));
  types.push_back({.class_name = class_name,
                   .display_name = display_name,
                   .category = "model/merging",
                   .description = description,
                   .inputs = std::move(inputs),
                   .is_output = true,
                   .is_core = false,
                   .check = check_filename_prefix,
                   .run = std::move(run)});
}

}  // namespace

void add_model_saving_nodes(NodeTypes& types) {
  add_saver(types, "ModelSave", "ModelSave",
            "Writes a diffusion model, as adapters and merging "
            "have made it, as a file.",
            {link("model", "MODEL")}, "diffusion_models/ComfyUI", save_model);
  add_saver(types, "CheckpointSave", "Save Checkpoint",
            "Writes a diffusion model, a text encoder and an autoencoder as one file.",
            {link("model", "MODEL"), link("clip", "CLIP"), link("vae", "VAE")},
            "checkpoints/ComfyUI", save_checkpoint);
  add_saver(types, "VAESave", "VAESave", "Writes an autoencoder as a file.", {link("vae", "VAE")},
            "vae/ComfyUI_vae", save_vae);
  add_saver(types, "LoraSave", "Extract and Save Lora",
            "Writes the difference of two models, which ModelMergeSubtract or CLIPMergeSubtract "
            "gives, as an adapter.",
            {integer("rank", 8, 1, 4096),
             choice("lora_type", {"standard", "full_diff"})
                 .tip("Products of two small matrices, or the differences as they are."),
             boolean("bias_diff", true).tip("Norms and biases too."),
             link("model_diff", "MODEL").optional(), link("text_encoder_diff", "CLIP").optional()},
            "loras/ComfyUI_extracted_lora", save_lora);
}

}  // namespace zanime::nodes
