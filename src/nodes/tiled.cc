// VAEDecodeTiled and VAEEncodeTiled: an autoencoder on pieces of the picture, for little memory.
#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "base/error.h"
#include "models/autoencoder.h"
#include "nodes/core_nodes.h"
#include "nodes/vae_picture.h"
#include "pictures/resample.h"

namespace zanime::nodes {
namespace {

// The mean of three tilings of each picture, with square, wide and high tiles: their seams lie in
// different places. `network`: [1, channels, h, w] to [1, out channels, …].
Tensor mean_of_tilings(const Tensor& pictures, const Tiling& square, NodeContext& context,
                       const std::function<Tensor(const Tensor&)>& network) {
  Tiling wide = square, high = square;
  wide.tile_height = high.tile_width = square.tile_width / 2;
  wide.tile_width = high.tile_height = square.tile_width * 2;
  const std::array<Tiling, 3> tilings{high, wide, square};

  int64_t total = 0, done = 0;
  for (const Tiling& tiling : tilings) {
    total += pictures.dim(0) * tile_count(pictures.dim(2), pictures.dim(3), tiling);
  }
  const auto counted = [&](const Tensor& tile) {
    context.cancel.throw_if_cancelled();
    Tensor result = network(tile);
    context.report_step(static_cast<int>(++done), static_cast<int>(total));
    return result;
  };

  Tensor mean;
  for (int64_t i = 0; i < pictures.dim(0); ++i) {
    const Tensor picture = pictures.rows(i, 1);
    Tensor sum;
    for (const Tiling& tiling : tilings) {
      Tensor result = tiled(picture, tiling, counted);
      if (sum.empty()) {
        sum = std::move(result);
      } else {
        for (int64_t k = 0; k < sum.size(); ++k) sum.data()[k] += result.data()[k];
      }
    }
    if (mean.empty()) mean = Tensor({pictures.dim(0), sum.dim(1), sum.dim(2), sum.dim(3)});
    for (int64_t k = 0; k < sum.size(); ++k) {
      mean.data()[i * sum.size() + k] = sum.data()[k] / 3.0f;
    }
  }
  return mean;
}

std::vector<Value> decode_tiled(const Arguments& arguments, NodeContext& context) {
  const models::AutoencoderDecoder& decoder = *arguments.get<Vae>("vae").decoder;
  const Tensor& samples = arguments.get<Latent>("samples").samples;
  check_latent_channels(decoder, samples);

  const int64_t tile_size = arguments.integer("tile_size");
  int64_t overlap = arguments.integer("overlap");
  if (tile_size < overlap * 4) overlap = tile_size / 4;
  Tiling square;
  square.tile_height = square.tile_width = tile_size / models::kPixelsPerLatent;
  square.overlap = overlap / models::kPixelsPerLatent;
  square.multiply = models::kPixelsPerLatent;
  const Tensor planes = mean_of_tilings(samples, square, context, [&](const Tensor& tile) {
    return pictures::to_planes(decoder.decode_unclamped(tile, context.backend, context.cancel));
  });
  Image image{pictures::to_pixels(planes)};
  to_picture_range(image.pixels);
  return {std::move(image)};
}

// Tiles and overlaps in between would not end where a latent value does.
std::string check_encode_sizes(const Arguments& plain) {
  if (plain.has("tile_size") && plain.integer("tile_size") % (2 * models::kPixelsPerLatent) != 0) {
    return "input `tile_size` is " + std::to_string(plain.integer("tile_size")) +
           ", but must be a multiple of 16";
  }
  if (plain.has("overlap") && plain.integer("overlap") % models::kPixelsPerLatent != 0) {
    return "input `overlap` is " + std::to_string(plain.integer("overlap")) +
           ", but must be a multiple of 8";
  }
  return "";
}

std::vector<Value> encode_tiled(const Arguments& arguments, NodeContext& context) {
  // Once more: the sizes may have come along links.
  if (const std::string problem = check_encode_sizes(arguments); !problem.empty()) {
    throw Error(ErrorKind::kGraph, problem);
  }
  const models::AutoencoderEncoder& encoder = encoder_of(arguments.get<Vae>("vae"));
  const Tensor pixels = crop_to_latent_size(arguments.get<Image>("pixels").pixels);
  Tiling square;
  square.tile_height = square.tile_width = arguments.integer("tile_size");
  square.overlap = arguments.integer("overlap");
  square.divide = models::kPixelsPerLatent;
  return {
      Latent{mean_of_tilings(pictures::to_planes(pixels), square, context, [&](const Tensor& tile) {
        return encoder.encode(pictures::to_pixels(tile), context.backend, context.cancel);
      })}};
}

std::vector<InputSpec> tile_inputs(std::string what, std::string what_type, double tile_step) {
  return {
      link(std::move(what), std::move(what_type)),
      link("vae", "VAE"),
      integer("tile_size", 512, 64, 4096, tile_step).tip("In pixels."),
      integer("overlap", 64, 0, 4096, 32).tip("In pixels: neighbours blend over this width."),
      integer("temporal_size", 64, 8, 4096, 4).tip("For autoencoders of films; has no effect."),
      integer("temporal_overlap", 8, 4, 4096, 4).tip("For autoencoders of films; has no effect.")};
}

}  // namespace

void add_tiled_nodes(NodeTypes& types) {
  types.push_back({
      .class_name = "VAEDecodeTiled",
      .display_name = "VAE Decode (Tiled)",
      .category = "model/latent",
      .description =
          "Turns a latent into a picture in pieces that overlap: less memory, more time.",
      .inputs = tile_inputs("samples", "LATENT", 32),
      .outputs = {{"IMAGE", "IMAGE"}},
      .run = decode_tiled,
  });
  types.push_back({
      .class_name = "VAEEncodeTiled",
      .display_name = "VAE Encode (Tiled)",
      .category = "model/latent",
      .description = "Turns pictures into latents in pieces that overlap: less memory, more time.",
      .inputs = tile_inputs("pixels", "IMAGE", 64),
      .outputs = {{"LATENT", "LATENT"}},
      .check = check_encode_sizes,
      .run = encode_tiled,
  });
}

}  // namespace zanime::nodes
