// The product that AMX runs, over tiles in plain memory: every machine can test it.
#include "ops/cpu/tile_product.h"

#include <array>
#include <cstring>
#include <optional>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>

#include "base/dtype.h"
#include "ops/cpu/cpu_level.h"
#include "tests/support/random_tensor.h"

namespace zanime::ops::cpu {
namespace {

// Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2: LDTILECFG, TILELOADD,
// TILESTORED, TILEZERO, TDPBF16PS and TILERELEASE, with the faults that they raise.
struct PlainTiles {
  struct Tile {
    int rows = 0, row_bytes = 0;
    std::array<std::array<std::byte, 64>, 16> bytes{};
  };
  static inline std::optional<std::array<Tile, 8>> tiles;

  static void require(bool condition) {
    if (!condition) throw std::logic_error("the processor would raise a fault");
  }

  static Tile& used(int tile) {
    require(tiles.has_value() && (*tiles)[tile].rows > 0);
    return (*tiles)[tile];
  }

  static void configure(const TileConfiguration& configuration) {
    require(configuration.palette == 1 && configuration.start_row == 0);
    tiles.emplace();
    for (int i = 0; i < 8; ++i) {
      const int rows = configuration.rows[i], row_bytes = configuration.row_bytes[i];
      require(rows <= 16 && row_bytes <= 64 && (rows == 0) == (row_bytes == 0));
      (*tiles)[i] = {rows, row_bytes, {}};
    }
  }

  template <int kTile>
  static void load(const void* from, int64_t stride) {
    Tile& tile = used(kTile);
    for (int row = 0; row < tile.rows; ++row) {
      std::memcpy(tile.bytes[row].data(), static_cast<const std::byte*>(from) + row * stride,
                  tile.row_bytes);
    }
  }

  template <int kTile>
  static void store(void* to, int64_t stride) {
    const Tile& tile = used(kTile);
    for (int row = 0; row < tile.rows; ++row) {
      std::memcpy(static_cast<std::byte*>(to) + row * stride, tile.bytes[row].data(),
                  tile.row_bytes);
    }
  }

  template <int kTile>
  static void zero() {
    used(kTile).bytes = {};
  }

  static float bf16_at(const Tile& tile, int row, int column) {
    uint16_t bits;
    std::memcpy(&bits, tile.bytes[row].data() + 2 * column, sizeof(bits));
    return bf16_to_f32(bits);
  }

  template <int kSums, int kX, int kW>
  static void multiply_add() {
    Tile& sums = used(kSums);
    const Tile &x = used(kX), &w = used(kW);
    require(sums.rows == x.rows && x.row_bytes == 4 * w.rows && w.row_bytes == sums.row_bytes);
    for (int row = 0; row < sums.rows; ++row) {
      for (int column = 0; column < sums.row_bytes / 4; ++column) {
        float sum;
        std::memcpy(&sum, sums.bytes[row].data() + 4 * column, sizeof(sum));
        for (int pair = 0; pair < w.rows; ++pair) {
          sum += bf16_at(x, row, 2 * pair) * bf16_at(w, pair, 2 * column);
          sum += bf16_at(x, row, 2 * pair + 1) * bf16_at(w, pair, 2 * column + 1);
        }
        std::memcpy(sums.bytes[row].data() + 4 * column, &sum, sizeof(sum));
      }
    }
  }

  static void release() { tiles.reset(); }
};

TEST(TileProduct, IsTheProductOfItsFactors) {
  // Depths in whole tiles and not; rows of none, one and two tiles; packs that are not full; rows
  // of x and of the result with room behind them.
  for (const auto& [rows, depth, outputs] : {std::array<int64_t, 3>{96, 64, 32},
                                             {33, 70, 32},
                                             {16, 32, 32},
                                             {1, 2, 1},
                                             {47, 130, 19},
                                             {49, 30, 31}}) {
    for (const bool accumulate : {false, true}) {
      const int64_t x_stride = depth + 6, out_stride = outputs + 3;
      const Tensor x = testing::random_tensor({rows, x_stride}, 1),
                   w = testing::random_tensor({outputs, depth}, 2),
                   before = testing::random_tensor({rows, out_stride}, 3);
      std::vector<uint16_t> x_bits(static_cast<size_t>(x.size())),
          packed(static_cast<size_t>(depth * kPackedOutputs), 0x7fc0);  // NaN behind the outputs
      const RowKernels& kernels = select_kernels("baseline");
      kernels.to_bf16(x.data(), x_bits.data(), x.size());
      kernels.pack_bf16(w.data(), outputs, depth, packed.data());
      std::vector<float> out(before.values().begin(), before.values().end());

      multiply_packed_by_tiles<PlainTiles>({.rows = rows,
                                            .outputs = outputs,
                                            .depth = depth,
                                            .x_stride = x_stride,
                                            .accumulate = accumulate},
                                           x_bits.data(), packed.data(), {out.data(), out_stride});

      EXPECT_FALSE(PlainTiles::tiles.has_value()) << "tiles were not released";
      for (int64_t row = 0; row < rows; ++row) {
        for (int64_t output = 0; output < out_stride; ++output) {
          const int64_t index = row * out_stride + output;
          if (output >= outputs) {
            EXPECT_EQ(out[static_cast<size_t>(index)], before.data()[index]) << "behind the row";
            continue;
          }
          double sum = accumulate ? before.data()[index] : 0.0;
          for (int64_t i = 0; i < depth; ++i) {
            sum += static_cast<double>(bf16_to_f32(f32_to_bf16(x.data()[row * x_stride + i]))) *
                   bf16_to_f32(f32_to_bf16(w.data()[output * depth + i]));
          }
          EXPECT_NEAR(out[static_cast<size_t>(index)], sum, 2e-5 * static_cast<double>(depth))
              << row << ", " << output << " of depth " << depth;
        }
      }
    }
  }
}

}  // namespace
}  // namespace zanime::ops::cpu
