// Cutting pictures into tiles that overlap, and putting them together again.
#pragma once

#include <cstdint>
#include <vector>

#include "base/tensor.h"

namespace zanime::pictures {

struct Extent {
  int64_t height = 0, width = 0;
};

// A part of a picture, in pixels.
struct Tile {
  int64_t top = 0, left = 0, height = 0, width = 0;
};

// Where the tiles of a picture lie, row by row. Each is moved up or to the left where it would
// reach beyond the picture, and smaller only where the picture is. Neighbours lie at least a
// quarter of a tile apart, whatever the overlap.
std::vector<Tile> tile_places(const Extent& picture, const Extent& tile, int64_t overlap);

// Tiles [batch, height, width, channels] in the order of tile_places, all as large as the first, in
// a picture of that size. Where tiles overlap, each counts by the height of half a sine wave over
// its sides; without overlap all of it counts the same. Missing tiles are black; those beyond the
// last are not used. Throws Error(kGraph) where tiles have unequal batches or channels.
Tensor merge_tiles(const std::vector<Tensor>& tiles, const Extent& picture, int64_t overlap);

// Writes `part` [batch, height, width, channels] into `pixels` of the same batch and channels.
void put_part(Tensor& pixels, const Tensor& part, int64_t top, int64_t left);

}  // namespace zanime::pictures
