#include "ops/cpu/weight_block.h"

#include <algorithm>

#include "ops/cpu/gemm.h"
#include "ops/cpu/scratch.h"
#include "weights/block_formats.h"
#include "weights/weight_delta.h"

namespace zanime::ops::cpu {
namespace {

void convert_values(const RowKernels& kernels, DType dtype, const std::byte* in, float scale,
                    float* out, int64_t n) {
  switch (dtype) {
    case DType::kF32:
      return kernels.convert_f32(in, scale, out, n);
    case DType::kF16:
      return kernels.convert_f16(in, scale, out, n);
    case DType::kBF16:
      return kernels.convert_bf16(in, scale, out, n);
    case DType::kF8E4M3:
      return kernels.convert_f8e4m3(in, scale, out, n);
    case DType::kF8E5M2:
      return kernels.convert_f8e5m2(in, scale, out, n);
    case DType::kI8:
      return kernels.convert_i8(in, scale, out, n);
    default:
      weights::dequantize_blocks(in, dtype, n, out);
      if (scale != 1.0f) kernels.multiply_scalar(out, scale, n);
  }
}

// Asks for what lies there: rows of a block are too short for the CPU to see where they lead.
void prefetch(const std::byte* data, int64_t bytes) {
  constexpr int64_t kLine = 64;
  for (int64_t i = 0; i < bytes; i += kLine) __builtin_prefetch(data + i);
}

// A block of one part, whose rows count from the first of the part.
void convert_part(const RowKernels& kernels, const weights::WeightPart& part, int64_t row_size,
                  const weights::WeightBlock& block, float* out) {
  const int64_t row_bytes = dtype_bytes(part.dtype, row_size);
  const int64_t block_bytes = dtype_bytes(part.dtype, block.columns);
  const std::byte* in = part.data + block.row * row_bytes + dtype_bytes(part.dtype, block.column);
  for (int64_t row = block.row; row < block.row + block.rows; ++row) {
    const float scale = part.row_scales ? (*part.row_scales)[row] : part.scale;
    // The next block of the row is wanted soon.
    prefetch(in + block_bytes, block_bytes);
    convert_values(kernels, part.dtype, in, scale, out, block.columns);
    if (part.rotation != 0) kernels.rotate(out, block.columns, part.rotation);
    in += row_bytes;
    out += block.columns;
  }
}

void convert_stored(const RowKernels& kernels, const weights::Weight& weight,
                    const weights::WeightBlock& block, float* out) {
  int64_t part_begin = 0;
  for (const weights::WeightPart& part : weight.parts()) {
    const int64_t begin = std::max(block.row, part_begin);
    const int64_t end = std::min(block.row + block.rows, part_begin + part.rows);
    if (begin < end) {
      const weights::WeightBlock piece{begin - part_begin, end - begin, block.column,
                                       block.columns};
      convert_part(kernels, part, weight.columns(), piece,
                   out + (begin - block.row) * block.columns);
    }
    part_begin += part.rows;
  }
}

class CpuBlockMath final : public weights::BlockMath {
 public:
  explicit CpuBlockMath(const RowKernels& kernels) : kernels_(kernels) {}

  void multiply(int64_t m, int64_t n, int64_t k, float alpha, const float* a, const float* b,
                int64_t b_stride, float beta, float* c) const override {
    gemm_nn(m, n, k, {a, k}, {b, b_stride}, beta, {c, n}, alpha);
  }
  void convert(const weights::Weight& weight, const weights::WeightBlock& block,
               float* out) const override {
    convert_stored(kernels_, weight, block, out);
  }

 private:
  const RowKernels& kernels_;
};

}  // namespace

void convert_block(const RowKernels& kernels, const weights::Weight& weight, int64_t first,
                   int64_t rows, int64_t column, int64_t columns, float* out) {
  const weights::WeightBlock block{first, rows, column, columns};
  convert_stored(kernels, weight, block, out);
  if (weight.changes().empty()) return;
  float* work = scratch<float>(Scratch::kWeightChange, 2 * rows * columns);
  weights::apply_changes(weight, block, CpuBlockMath(kernels), work, out);
}

const std::byte* plain_f8e4m3_rows(const weights::Weight& weight, int64_t first, int64_t rows) {
  if (!weight.changes().empty()) return nullptr;
  for (const weights::WeightPart& part : weight.parts()) {
    if (first < part.rows) {
      const bool is_plain = part.dtype == DType::kF8E4M3 && part.scale == 1.0f &&
                            part.row_scales == nullptr && part.rotation == 0 &&
                            first + rows <= part.rows;
      return is_plain ? part.data + first * weight.columns() : nullptr;
    }
    first -= part.rows;
  }
  return nullptr;
}

void convert_vector(const RowKernels& kernels, const weights::Weight& weight, float* out) {
  const bool is_plain = std::all_of(weight.parts().begin(), weight.parts().end(),
                                    [](const weights::WeightPart& part) {
                                      return part.row_scales == nullptr && part.rotation == 0;
                                    });
  if (!is_plain || !weight.changes().empty()) {
    return convert_block(kernels, weight, 0, weight.rows(), 0, weight.columns(), out);
  }
  for (const weights::WeightPart& part : weight.parts()) {
    const int64_t count = part.rows * weight.columns();
    convert_values(kernels, part.dtype, part.data, part.scale, out, count);
    out += count;
  }
}

}  // namespace zanime::ops::cpu
