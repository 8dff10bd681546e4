#include "weights/block_scaled.h"

#include <cstring>
#include <string>

#include "base/error.h"
#include "base/parallel.h"

namespace zanime::weights {
namespace {

// A tile of scales has 128 rows of four, stored as 32 rows of four times four.
constexpr int64_t kTileRows = 128, kTileColumns = 4;

int64_t scale_place(int64_t row, int64_t column, int64_t tiles_across) {
  const int64_t tile = row / kTileRows * tiles_across + column / kTileColumns;
  return tile * kTileRows * kTileColumns + row % 32 * 16 + row % kTileRows / 32 * kTileColumns +
         column % kTileColumns;
}

// `block` columns share a scale and take `block_bytes` bytes.
BlockScaledWeight interleave(const TensorEntry& values, const TensorEntry& scales, DType dtype,
                             int64_t columns, int64_t block, int64_t block_bytes) {
  const int64_t rows = values.shape[0];
  if (columns == 0 || rows == 0 || columns % block != 0) {
    throw Error(ErrorKind::kFile,
                "has " + std::to_string(columns) + " columns, which is no multiple of the " +
                    std::to_string(block) + " that share a scale; the file is damaged");
  }
  const int64_t across = columns / block;
  const int64_t tiles_across = (across + kTileColumns - 1) / kTileColumns;
  const int64_t tiles_down = (rows + kTileRows - 1) / kTileRows;
  const int64_t expected = tiles_across * tiles_down * kTileRows * kTileColumns;
  if (scales.bytes != static_cast<uint64_t>(expected)) {
    throw Error(ErrorKind::kFile, "has scales of shape " + scales.shape.to_string() + ", " +
                                      std::to_string(scales.bytes) + " bytes, but " +
                                      std::to_string(expected) +
                                      " belong to its shape; the file is damaged");
  }
  auto bytes = std::make_shared<std::vector<std::byte>>(
      static_cast<size_t>(rows * across * (block_bytes + 1)));
  parallel_for(rows, [&](int64_t row) {
    const std::byte* from = values.data + row * across * block_bytes;
    std::byte* to = bytes->data() + row * across * (block_bytes + 1);
    for (int64_t i = 0; i < across; ++i, from += block_bytes, to += block_bytes + 1) {
      *to = scales.data[scale_place(row, i, tiles_across)];
      std::memcpy(to + 1, from, static_cast<size_t>(block_bytes));
    }
  });
  return {dtype, Shape{rows, columns}, std::move(bytes)};
}

void check(const TensorEntry& entry, DType dtype, const char* what) {
  if (entry.dtype == dtype && entry.shape.rank() == 2) return;
  throw Error(ErrorKind::kFile,
              std::string("has ") + what + " of type " + std::string(dtype_name(entry.dtype)) +
                  " and shape " + entry.shape.to_string() + "; a matrix of " +
                  std::string(dtype_name(dtype)) + " belongs there; the file is damaged");
}

}  // namespace

BlockScaledWeight nvfp4_weight(const TensorEntry& values, const TensorEntry& scales) {
  check(values, DType::kU8, "values");
  check(scales, DType::kF8E4M3, "scales");
  return interleave(values, scales, DType::kNVFP4Row, 2 * values.shape[1], 16, 8);
}

BlockScaledWeight mxfp8_weight(const TensorEntry& values, const TensorEntry& scales) {
  check(values, DType::kF8E4M3, "values");
  check(scales, DType::kU8, "scales");
  return interleave(values, scales, DType::kMXFP8Row, values.shape[1], 32, 32);
}

}  // namespace zanime::weights
