// Latents: making empty ones and turning them into pictures.
#include <cstdint>
#include <string>

#include "base/error.h"
#include "models/autoencoder.h"
#include "nodes/common_inputs.h"
#include "nodes/core_nodes.h"
#include "sampling/ksampler.h"

namespace zanime::nodes {
namespace {

constexpr int64_t kMaxBatch = 4096;
// The limits of the widgets multiply to far more than any machine has.
constexpr int64_t kMaxLatentBytes = int64_t{1} << 30;

Latent empty_latent(const Arguments& arguments, int64_t channels) {
  const int64_t width = arguments.integer("width");
  const int64_t height = arguments.integer("height");
  const Shape shape{arguments.integer("batch_size"), channels, height / models::kPixelsPerLatent,
                    width / models::kPixelsPerLatent};
  if (shape.size() * static_cast<int64_t>(sizeof(float)) > kMaxLatentBytes) {
    throw Error(ErrorKind::kResource, std::to_string(shape[0]) + " pictures of " +
                                          std::to_string(width) + " x " + std::to_string(height) +
                                          " are more than one run can hold; lower width, height "
                                          "or batch_size");
  }
  return {Tensor::zeros(shape)};
}

std::vector<InputSpec> size_inputs(int64_t side, double step) {
  return {integer("width", side, 16, kMaxResolution, step).tip("In pixels."),
          integer("height", side, 16, kMaxResolution, step).tip("In pixels."),
          integer("batch_size", 1, 1, kMaxBatch).tip("Pictures made side by side.")};
}

std::vector<Value> decode(const Arguments& arguments, NodeContext& context) {
  const Vae& vae = arguments.get<Vae>("vae");
  const Tensor& samples = arguments.get<Latent>("samples").samples;
  const int64_t channels = vae.decoder->latent_channels();
  if (samples.dim(1) != channels) {
    throw Error(ErrorKind::kGraph,
                "the latent has " + std::to_string(samples.dim(1)) +
                    " channels and this autoencoder takes " + std::to_string(channels) +
                    "; link `samples` to a KSampler, and use the autoencoder that belongs to the "
                    "model (ae.safetensors)");
  }
  return {Image{vae.decoder->decode(samples, context.backend, context.cancel)}};
}

}  // namespace

void add_latent_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "EmptyLatentImage",
      .display_name = "Empty Latent Image",
      .category = "model/latent",
      .description = "An empty latent to start from.",
      .inputs = size_inputs(512, 8),
      .outputs = {{"LATENT", "LATENT"}},
      // Four channels whatever the model, as ComfyUI's; the sampler widens an empty latent.
      .run = [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        return {empty_latent(arguments, 4)};
      },
  });
  types.push_back({
      .class_name = "EmptySD3LatentImage",
      .display_name = "EmptySD3LatentImage",
      .category = "model/latent/sd3",
      .description = "An empty latent with 16 channels to start from.",
      .inputs = size_inputs(1024, 16),
      .outputs = {{"LATENT", "LATENT"}},
      .is_core = false,
      .run = [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        return {empty_latent(arguments, 16)};
      },
  });
  types.push_back({
      .class_name = "VAEDecode",
      .display_name = "VAE Decode",
      .category = "model/latent",
      .description = "Turns a latent into a picture.",
      .inputs = {link("samples", "LATENT").tip("The latent to decode."),
                 link("vae", "VAE").tip("The autoencoder.")},
      .outputs = {{"IMAGE", "IMAGE"}},
      .run = decode,
  });
}

}  // namespace zanime::nodes
