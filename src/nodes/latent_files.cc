// SaveLatent and LoadLatent: ComfyUI's .latent files, which are safetensors files.
#include <filesystem>
#include <string>
#include <utility>

#include "base/error.h"
#include "nodes/core_nodes.h"
#include "nodes/pictures/filename_prefix.h"
#include "weights/safetensors.h"

namespace zanime::nodes {
namespace {

constexpr const char* kTensorName = "latent_tensor";
// An empty tensor of this name says that values are in the autoencoder's own scale. Without it they
// are in Stable Diffusion's, which is this much smaller.
constexpr const char* kFormatName = "latent_format_version_0";
constexpr float kOldScale = 0.18215f;

std::vector<Value> save_latent(const Arguments& arguments, NodeContext& context) {
  // Once more: it may have come along a link.
  const std::string problem = check_filename_prefix(arguments);
  if (!problem.empty()) throw Error(ErrorKind::kGraph, problem);
  const Latent& latent = arguments.get<Latent>("samples");
  context.pictures.save_latent(context.node_id, latent, arguments.text("filename_prefix"),
                               context.graph);
  return {latent};
}

std::vector<Value> load_latent(const Arguments& arguments, NodeContext& context) {
  const auto path = context.files.find("input_latents", arguments.text("latent"));
  const auto file = weights::open_safetensors(path);
  const weights::TensorEntry* entry = file->find(kTensorName);
  if (entry == nullptr) {
    throw Error(ErrorKind::kFile, path.string() + ": this holds no tensor `" + kTensorName +
                                      "`; only files that SaveLatent wrote can be loaded");
  }
  if (entry->shape.rank() != 4 || entry->shape.size() == 0) {
    throw Error(ErrorKind::kFile, path.string() + ": the latent has shape " +
                                      entry->shape.to_string() +
                                      "; [batch, channels, height, width] was expected");
  }
  Latent latent{file->read_float32(kTensorName)};
  if (file->find(kFormatName) == nullptr) {
    for (float& value : latent.samples.values()) value *= 1.0f / kOldScale;
  }
  return {std::move(latent)};
}

}  // namespace

void add_latent_file_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "SaveLatent",
      .display_name = "Save Latent",
      .category = "model/latent",
      .description = "Writes a latent as a .latent file that carries this graph.",
      .inputs = {link("samples", "LATENT"),
                 text("filename_prefix", "latents/ComfyUI").tip("The beginning of the file name."),
                 hidden("prompt", "PROMPT"), hidden("extra_pnginfo", "EXTRA_PNGINFO")},
      .outputs = {{"LATENT", "samples"}},
      .is_output = true,
      .check = check_filename_prefix,
      .run = save_latent,
  });
  types.push_back({
      .class_name = "LoadLatent",
      .display_name = "Load Latent",
      .category = "model/latent",
      .description = "Reads a .latent file of the input folder.",
      .inputs = {file("latent", "input_latents")},
      .outputs = {{"LATENT", "LATENT"}},
      .run = load_latent,
  });
}

}  // namespace zanime::nodes
