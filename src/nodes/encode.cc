// VAEEncode and VAEEncodeForInpaint.
#include <algorithm>
#include <cmath>
#include <string>

#include "base/error.h"
#include "nodes/core_nodes.h"
#include "nodes/pictures/inpaint_mask.h"
#include "nodes/vae_picture.h"

namespace zanime::nodes {
namespace {

std::vector<Value> encode(const Arguments& arguments, NodeContext& context) {
  const models::AutoencoderEncoder& encoder = encoder_of(arguments.get<Vae>("vae"));
  const Tensor pixels = crop_to_latent_size(arguments.get<Image>("pixels").pixels);
  return {Latent{encoder.encode(pixels, context.backend, context.cancel)}};
}

std::vector<Value> encode_for_inpaint(const Arguments& arguments, NodeContext& context) {
  const models::AutoencoderEncoder& encoder = encoder_of(arguments.get<Vae>("vae"));
  const Tensor& whole = arguments.get<Image>("pixels").pixels;
  const Tensor mask = mask_for_pixels(arguments.get<Mask>("mask").values, whole);
  const Tensor pixels = grey_where_masked(crop_to_latent_size(whole), mask);
  Latent latent;
  latent.samples = encoder.encode(pixels, context.backend, context.cancel);
  latent.noise_mask = grow_mask(mask, arguments.integer("grow_mask_by"));
  return {std::move(latent)};
}

}  // namespace

void add_encode_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "VAEEncode",
      .display_name = "VAE Encode",
      .category = "model/latent",
      .description = "Turns pictures into latents. Their sides are cut to multiples of 8.",
      .inputs = {link("pixels", "IMAGE"), link("vae", "VAE")},
      .outputs = {{"LATENT", "LATENT"}},
      .run = encode,
  });
  types.push_back({
      .class_name = "VAEEncodeForInpaint",
      .display_name = "VAE Encode (for Inpainting)",
      .category = "model/latent",
      .description = "Turns pictures into latents without what the mask covers, which sampling "
                     "then makes anew (with denoise 1).",
      .inputs = {link("pixels", "IMAGE"), link("vae", "VAE"), link("mask", "MASK"),
                 integer("grow_mask_by", 6, 0, 64)
                     .tip("In pixels: widens what is made anew, so that no seam shows.")},
      .outputs = {{"LATENT", "LATENT"}},
      .run = encode_for_inpaint,
  });
}

}  // namespace zanime::nodes
