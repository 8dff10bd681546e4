// A product of packed weights written for tile registers, whoever has them: AMX (amx_product.cc),
// or a test that does in plain loops what Intel's manual says of each instruction.
//
// Tiles::configure(TileConfiguration) lays them out, with all sums zero; load<T>, store<T>,
// zero<T>, multiply_add<Sums, X, W> and release are the instructions.
#pragma once

#include <algorithm>
#include <cstdint>

#include "ops/cpu/gemm.h"
#include "ops/cpu/packed_product.h"
#include "ops/cpu/row_kernels.h"

namespace zanime::ops::cpu {

// A tile register holds 16 rows of 64 bytes: 32 values in bfloat16, or 16 sums in float32.
inline constexpr int64_t kTileRows = 16;
inline constexpr int64_t kTileDepth = 32;
inline constexpr int64_t kTileOutputs = 16;
static_assert(kPackedOutputs == 2 * kTileOutputs);

// Bytes from one pair of inputs of a pack to the next.
inline constexpr int64_t kPairStride = kPackedOutputs * 2 * sizeof(uint16_t);

// What LDTILECFG reads.
struct alignas(64) TileConfiguration {
  uint8_t palette = 1;
  uint8_t start_row = 0;
  uint8_t reserved[14] = {};
  uint16_t row_bytes[16] = {};
  uint8_t rows[16] = {};

  void set(int tile, int64_t tile_rows, int64_t tile_row_bytes) {
    rows[tile] = static_cast<uint8_t>(tile_rows);
    row_bytes[tile] = static_cast<uint16_t>(tile_row_bytes);
  }
};

// A block of sums: up to two tiles of rows beside two tiles of outputs. Tiles 0 to 3 are the sums,
// 4 and 5 rows of x, 6 and 7 the weights.
struct TileBlock {
  int64_t upper_rows = 0, lower_rows = 0;  // kTileRows at most each; the lower ones may be none
  int64_t depth = 0;                       // of one product of tiles

  bool operator==(const TileBlock&) const = default;

  template <typename Tiles>
  void configure() const {
    TileConfiguration tiles;
    // A tile without rows is not allowed to be used, and is not.
    for (const int tile : {0, 1}) tiles.set(tile, upper_rows, kTileOutputs * sizeof(float));
    tiles.set(4, upper_rows, depth * sizeof(uint16_t));
    if (lower_rows > 0) {
      for (const int tile : {2, 3}) tiles.set(tile, lower_rows, kTileOutputs * sizeof(float));
      tiles.set(5, lower_rows, depth * sizeof(uint16_t));
    }
    for (const int tile : {6, 7}) tiles.set(tile, depth / 2, kTileOutputs * 2 * sizeof(uint16_t));
    Tiles::configure(tiles);
  }
};

// out (+)= x w^T over `steps` times the configured depth, for one block.
template <typename Tiles, bool kHasLowerRows>
void multiply_tile_block(const uint16_t* x, int64_t x_stride, const uint16_t* w, int64_t steps,
                         int64_t depth, bool accumulate, Matrix out) {
  const auto x_bytes = static_cast<int64_t>(x_stride * sizeof(uint16_t));
  const auto out_bytes = static_cast<int64_t>(out.stride * sizeof(float));
  float* const lower = out.data + kTileRows * out.stride;
  if (accumulate) {
    Tiles::template load<0>(out.data, out_bytes);
    Tiles::template load<1>(out.data + kTileOutputs, out_bytes);
    if constexpr (kHasLowerRows) {
      Tiles::template load<2>(lower, out_bytes);
      Tiles::template load<3>(lower + kTileOutputs, out_bytes);
    }
  } else {
    Tiles::template zero<0>();
    Tiles::template zero<1>();
    if constexpr (kHasLowerRows) {
      Tiles::template zero<2>();
      Tiles::template zero<3>();
    }
  }
  for (int64_t step = 0; step < steps; ++step) {
    Tiles::template load<4>(x, x_bytes);
    Tiles::template load<6>(w, kPairStride);
    Tiles::template load<7>(w + 2 * kTileOutputs, kPairStride);
    Tiles::template multiply_add<0, 4, 6>();
    Tiles::template multiply_add<1, 4, 7>();
    if constexpr (kHasLowerRows) {
      Tiles::template load<5>(x + kTileRows * x_stride, x_bytes);
      Tiles::template multiply_add<2, 5, 6>();
      Tiles::template multiply_add<3, 5, 7>();
    }
    x += depth;
    w += depth * kPackedOutputs;
  }
  Tiles::template store<0>(out.data, out_bytes);
  Tiles::template store<1>(out.data + kTileOutputs, out_bytes);
  if constexpr (kHasLowerRows) {
    Tiles::template store<2>(lower, out_bytes);
    Tiles::template store<3>(lower + kTileOutputs, out_bytes);
  }
}

// All rows, `steps` times `depth` inputs, every one of the pack's outputs.
template <typename Tiles>
void multiply_tile_rows(int64_t rows, const uint16_t* x, int64_t x_stride, const uint16_t* w,
                        int64_t steps, int64_t depth, bool accumulate, Matrix out) {
  TileBlock configured;
  for (int64_t row = 0; row < rows; row += 2 * kTileRows) {
    const TileBlock block{.upper_rows = std::min(kTileRows, rows - row),
                          .lower_rows = std::clamp<int64_t>(rows - row - kTileRows, 0, kTileRows),
                          .depth = depth};
    if (block != configured) block.template configure<Tiles>();
    configured = block;
    const auto multiply =
        block.lower_rows > 0 ? multiply_tile_block<Tiles, true> : multiply_tile_block<Tiles, false>;
    multiply(x + row * x_stride, x_stride, w, steps, depth, accumulate,
             {out.data + row * out.stride, out.stride});
  }
}

// Sums of whole packs; where a pack has fewer outputs than room, they are made beside `out`.
template <typename Tiles>
void multiply_tile_pack(const PackedShape& shape, const uint16_t* x, const uint16_t* w,
                        Matrix out) {
  const int64_t steps = shape.depth / kTileDepth, rest = shape.depth % kTileDepth;
  if (steps > 0) {
    multiply_tile_rows<Tiles>(shape.rows, x, shape.x_stride, w, steps, kTileDepth, shape.accumulate,
                              out);
  }
  if (rest > 0) {
    const int64_t done = steps * kTileDepth;
    multiply_tile_rows<Tiles>(shape.rows, x + done, shape.x_stride, w + done * kPackedOutputs, 1,
                              rest, shape.accumulate || steps > 0, out);
  }
  Tiles::release();  // tiles in use make every switch of threads more expensive
}

// As multiply_packed_bf16 (ops/cpu/packed_product.h).
template <typename Tiles>
void multiply_packed_by_tiles(const PackedShape& shape, const uint16_t* x, const uint16_t* w,
                              Matrix out) {
  if (shape.outputs == kPackedOutputs) return multiply_tile_pack<Tiles>(shape, x, w, out);
  // A tile is stored whole: rows of a narrower pack are made aside, as many as tiles take at once.
  constexpr int64_t kRows = 2 * kTileRows;
  alignas(64) float sums[kRows * kPackedOutputs] = {};
  for (int64_t row = 0; row < shape.rows; row += kRows) {
    PackedShape part = shape;
    part.rows = std::min(kRows, shape.rows - row);
    const auto copy_rows = [&](auto copy) {
      for (int64_t i = 0; i < part.rows; ++i) {
        copy(out.data + (row + i) * out.stride, sums + i * kPackedOutputs);
      }
    };
    if (shape.accumulate) {
      copy_rows([&](const float* result, float* sum) { std::copy_n(result, shape.outputs, sum); });
    }
    multiply_tile_pack<Tiles>(part, x + row * shape.x_stride, w, {sums, kPackedOutputs});
    copy_rows([&](float* result, const float* sum) { std::copy_n(sum, shape.outputs, result); });
  }
}

}  // namespace zanime::ops::cpu
