#include "pictures/tiles.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/error.h"
#include "pictures/axes.h"

namespace zanime::pictures {
namespace {

int64_t stride_of(int64_t tile, int64_t overlap) {
  const double least = static_cast<double>(tile) * 0.25;
  return static_cast<int64_t>(std::nearbyint(std::max(least, static_cast<double>(tile - overlap))));
}

// Where tiles begin along one axis.
std::vector<int64_t> starts_along(int64_t size, int64_t tile, int64_t overlap) {
  std::vector<int64_t> starts;
  for (int64_t place = 0; place < size; place += stride_of(tile, overlap)) {
    const int64_t end = std::min(place + tile, size);
    starts.push_back(std::max<int64_t>(0, end - tile));
    if (end >= size) break;
  }
  return starts;
}

// Half a sine wave over the tile, or 1 everywhere.
std::vector<float> weights_along(int64_t size, bool feathered) {
  constexpr float kLeast = 1e-5f;
  std::vector<float> weights(static_cast<size_t>(size), 1.0f);
  for (int64_t i = 0; feathered && i < size; ++i) {
    const double share = size == 1 ? 0.0 : static_cast<double>(i) / static_cast<double>(size - 1);
    weights[static_cast<size_t>(i)] =
        std::max(static_cast<float>(std::sin(std::numbers::pi * share)), kLeast);
  }
  return weights;
}

}  // namespace

std::vector<Tile> tile_places(const Extent& picture, const Extent& tile, int64_t overlap) {
  std::vector<Tile> places;
  const std::vector<int64_t> lefts = starts_along(picture.width, tile.width, overlap);
  for (const int64_t top : starts_along(picture.height, tile.height, overlap)) {
    for (const int64_t left : lefts) {
      places.push_back(
          {top, left, std::min(tile.height, picture.height), std::min(tile.width, picture.width)});
    }
  }
  return places;
}

Tensor merge_tiles(const std::vector<Tensor>& tiles, const Extent& picture, int64_t overlap) {
  const Tensor& first = tiles.front();
  const int64_t batch = first.dim(0), channels = first.dim(3);
  const Extent tile{first.dim(1), first.dim(2)};
  const Shape shape{batch, picture.height, picture.width, channels};
  check_size(shape);
  Tensor sum = Tensor::zeros(shape);
  Tensor total = Tensor::zeros({picture.height, picture.width});
  const std::vector<float> down = weights_along(tile.height, overlap > 0);
  const std::vector<float> across = weights_along(tile.width, overlap > 0);
  const std::vector<Tile> places = tile_places(picture, tile, overlap);
  for (size_t i = 0; i < std::min(places.size(), tiles.size()); ++i) {
    const Tensor& pixels = tiles[i];
    if (pixels.dim(0) != batch || pixels.dim(3) != channels) {
      throw Error(ErrorKind::kGraph, "a tile is " + pixels.shape().to_string() +
                                         ", but the first is " + first.shape().to_string());
    }
    const Tile& place = places[i];
    // A tile that is larger than the first counts no further than that.
    const int64_t height = std::min({place.height, pixels.dim(1), tile.height});
    const int64_t width = std::min({place.width, pixels.dim(2), tile.width});
    for (int64_t y = 0; y < height; ++y) {
      for (int64_t x = 0; x < width; ++x) {
        const float weight = down[static_cast<size_t>(y)] * across[static_cast<size_t>(x)];
        const int64_t target = (place.top + y) * picture.width + place.left + x;
        total.data()[target] += weight;
        for (int64_t k = 0; k < batch; ++k) {
          const int64_t source = ((k * pixels.dim(1) + y) * pixels.dim(2) + x) * channels;
          const int64_t whole = (k * picture.height * picture.width + target) * channels;
          for (int64_t c = 0; c < channels; ++c) {
            sum.data()[whole + c] += pixels.data()[source + c] * weight;
          }
        }
      }
    }
  }
  for (int64_t i = 0; i < sum.size(); ++i) {
    const float weight = total.data()[i / channels % total.size()];
    if (weight != 0.0f) sum.data()[i] /= weight;
  }
  return sum;
}

void put_part(Tensor& pixels, const Tensor& part, int64_t top, int64_t left) {
  const int64_t row = part.dim(2) * part.dim(3);
  for (int64_t i = 0; i < part.dim(0); ++i) {
    for (int64_t y = 0; y < part.dim(1); ++y) {
      std::copy_n(
          part.data() + (i * part.dim(1) + y) * row, row,
          pixels.data() + ((i * pixels.dim(1) + top + y) * pixels.dim(2) + left) * pixels.dim(3));
    }
  }
}

}  // namespace zanime::pictures
