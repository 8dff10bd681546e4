// What the nodes around an autoencoder share.
#pragma once

#include <functional>

#include "nodes/value.h"

namespace zanime::nodes {

// The encoder. Throws Error(kGraph) when the file has none.
const models::AutoencoderEncoder& encoder_of(const Vae& vae);

// Throws Error(kGraph) when the latent has another number of channels than the decoder takes.
void check_latent_channels(const models::AutoencoderDecoder& decoder, const Tensor& samples);

// The largest part whose sides are multiples of 8, in the middle, without transparency (a spare
// pixel falls away below or to the right). Throws Error(kGraph) for a picture smaller than 8 x 8.
Tensor crop_to_latent_size(const Tensor& pixels);

// (value + 1) / 2 clamped to [0, 1], in place: from the network's range to a picture's.
void to_picture_range(Tensor& pixels);

// How a large picture goes through a network piece by piece.
struct Tiling {
  int64_t tile_height = 0, tile_width = 0, overlap = 0;  // of the input
  // Of the output: one input pixel becomes `multiply`, or `divide` become one.
  int64_t multiply = 1, divide = 1;
};

// Number of calls that `tiled` makes for a picture of this size.
int64_t tile_count(int64_t height, int64_t width, const Tiling& tiling);

// Runs `network` on each tile of one picture, [1, channels, h, w] to [1, out channels, …], and
// joins the results: each weighs 1, and less towards its edges, in a ramp as wide as the overlap. A
// picture that fits one tile goes through whole. Throws Error(kGraph) for an overlap that is not
// smaller than the tile.
Tensor tiled(const Tensor& picture, const Tiling& tiling,
             const std::function<Tensor(const Tensor&)>& network);

}  // namespace zanime::nodes
