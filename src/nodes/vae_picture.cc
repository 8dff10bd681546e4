#include "nodes/vae_picture.h"

#include <algorithm>
#include <string>

#include "base/error.h"
#include "models/autoencoder.h"
#include "nodes/pictures/picture_tensors.h"
#include "pictures/resample.h"

namespace zanime::nodes {
namespace {

// Where tiles begin along one axis.
std::vector<int64_t> tile_starts(int64_t size, int64_t tile, int64_t overlap) {
  if (size <= tile) return {0};
  const int64_t step = tile - overlap;
  if (step <= 0) {
    throw Error(ErrorKind::kGraph, "tiles of " + std::to_string(tile) + " cannot overlap by " +
                                       std::to_string(overlap) +
                                       "; lower `overlap` to a quarter of `tile_size`");
  }
  std::vector<int64_t> starts;
  for (int64_t start = 0; start < size - overlap; start += step) starts.push_back(start);
  return starts;
}

int64_t scaled(int64_t value, const Tiling& tiling) {
  return pictures::round_half_even(static_cast<double>(value * tiling.multiply) /
                                   static_cast<double>(tiling.divide));
}

// The weight of each position of a tile along one axis: a ramp of `feather` up from the start and
// another down to the end. A tile no longer than the ramp has none.
std::vector<float> ramp_weights(int64_t size, int64_t feather) {
  std::vector<float> weights(static_cast<size_t>(size), 1.0f);
  if (feather >= size) return weights;
  for (int64_t i = 0; i < feather; ++i) {
    const float weight =
        static_cast<float>(static_cast<double>(i + 1) / static_cast<double>(feather));
    weights[static_cast<size_t>(i)] *= weight;
    weights[static_cast<size_t>(size - 1 - i)] *= weight;
  }
  return weights;
}

}  // namespace

const models::AutoencoderEncoder& encoder_of(const Vae& vae) {
  if (vae.encoder != nullptr) return *vae.encoder;
  throw Error(ErrorKind::kGraph,
              "this autoencoder has a decoder alone, and a picture is to be encoded; load a "
              "complete file (ae.safetensors)");
}

void check_latent_channels(const models::AutoencoderDecoder& decoder, const Tensor& samples) {
  if (samples.dim(1) == decoder.latent_channels()) return;
  throw Error(ErrorKind::kGraph,
              "the latent has " + std::to_string(samples.dim(1)) +
                  " channels and this autoencoder takes " +
                  std::to_string(decoder.latent_channels()) +
                  "; link `samples` to a KSampler, and use the autoencoder that belongs to the "
                  "model (ae.safetensors)");
}

Tensor crop_to_latent_size(const Tensor& pixels) {
  const int64_t height = pixels.dim(1), width = pixels.dim(2);
  const int64_t spare_rows = height % models::kPixelsPerLatent,
                spare_columns = width % models::kPixelsPerLatent;
  if (height == spare_rows || width == spare_columns) {
    throw Error(ErrorKind::kGraph, "the picture has " + std::to_string(width) + " x " +
                                       std::to_string(height) +
                                       " pixels; an autoencoder needs 8 x 8 at least");
  }
  // The network takes no opacity; a mask has one channel.
  const Tensor shown = pixels.dim(3) > 3 ? with_channels(pixels, 3) : pixels;
  return pictures::crop_pixels(shown, spare_rows / 2, spare_columns / 2, height - spare_rows,
                               width - spare_columns);
}

void to_picture_range(Tensor& pixels) {
  for (float& value : pixels.values()) {
    // Written so that NaN passes through: a picture that is not finite must be noticed, not black.
    value = (value + 1.0f) / 2.0f;
    value = value < 0.0f ? 0.0f : value > 1.0f ? 1.0f : value;
  }
}

int64_t tile_count(int64_t height, int64_t width, const Tiling& tiling) {
  return static_cast<int64_t>(tile_starts(height, tiling.tile_height, tiling.overlap).size() *
                              tile_starts(width, tiling.tile_width, tiling.overlap).size());
}

Tensor tiled(const Tensor& picture, const Tiling& tiling,
             const std::function<Tensor(const Tensor&)>& network) {
  const int64_t height = picture.dim(2), width = picture.dim(3);
  if (height <= tiling.tile_height && width <= tiling.tile_width) return network(picture);

  const int64_t out_height = scaled(height, tiling), out_width = scaled(width, tiling);
  const int64_t feather = scaled(tiling.overlap, tiling);
  Tensor sum;
  Tensor total_weight = Tensor::zeros({out_height, out_width});
  for (const int64_t top : tile_starts(height, tiling.tile_height, tiling.overlap)) {
    for (const int64_t left : tile_starts(width, tiling.tile_width, tiling.overlap)) {
      const Tensor tile = network(pictures::crop_planes(picture, top, left,
                                                        std::min(tiling.tile_height, height - top),
                                                        std::min(tiling.tile_width, width - left)));
      const int64_t channels = tile.dim(1), rows = tile.dim(2), columns = tile.dim(3);
      const int64_t out_top = scaled(top, tiling), out_left = scaled(left, tiling);
      if (out_top + rows > out_height || out_left + columns > out_width) {
        throw Error(ErrorKind::kInternal, "a tile's result reaches out of the picture");
      }
      if (sum.empty()) sum = Tensor::zeros({int64_t{1}, channels, out_height, out_width});
      const std::vector<float> down = ramp_weights(rows, feather);
      const std::vector<float> across = ramp_weights(columns, feather);
      for (int64_t y = 0; y < rows; ++y) {
        const int64_t place = (out_top + y) * out_width + out_left;
        for (int64_t x = 0; x < columns; ++x) {
          const float weight = down[static_cast<size_t>(y)] * across[static_cast<size_t>(x)];
          total_weight.data()[place + x] += weight;
          for (int64_t c = 0; c < channels; ++c) {
            sum.data()[c * out_height * out_width + place + x] +=
                weight * tile.data()[(c * rows + y) * columns + x];
          }
        }
      }
    }
  }
  const int64_t plane = out_height * out_width;
  for (int64_t i = 0; i < sum.size(); ++i) sum.data()[i] /= total_weight.data()[i % plane];
  return sum;
}

}  // namespace zanime::nodes
