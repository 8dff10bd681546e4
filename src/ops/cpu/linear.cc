#include "ops/cpu/linear.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "base/parallel.h"
#include "ops/cpu/gemm.h"
#include "ops/cpu/scratch.h"
#include "weights/block_formats.h"
#include "weights/weight_delta.h"

namespace zanime::ops::cpu {
namespace {

// A panel is what one thread converts and multiplies at a time: kPanelRows outputs, in blocks of
// kPanelDepth inputs. A converted block is 384 KiB, so that it is still in the second-level cache
// when the product reads it. Both are fixed numbers: sums are taken in the same order whatever the
// number of threads.
constexpr int64_t kPanelRows = 256;
constexpr int64_t kPanelDepth = 384;
// Rows of x that are multiplied at a time: on 1056 rows at once the product ran at 78 % of its rate
// alone, in parts of 384 at 90 %.
constexpr int64_t kChunkRows = 384;
// Of weights in blocks or groups of up to 256 values, which are converted whole.
constexpr int64_t kBlockPanelDepth = 512;

// Fewer outputs per panel where that gives every thread something to do.
int64_t panel_rows_for(int64_t outputs) {
  return outputs >= 2 * kPanelRows ? kPanelRows : std::max<int64_t>(32, (outputs + 1) / 2);
}

int64_t panel_depth_for(const Weight& weight) {
  const bool blocks = std::any_of(
      weight.parts().begin(), weight.parts().end(),
      [](const WeightPart& part) { return dtype_block(part.dtype) > 1 || part.rotation != 0; });
  return blocks ? kBlockPanelDepth : kPanelDepth;
}

// The product of one panel: rows [first, first + count) of the weight.
void multiply_panel(const RowKernels& kernels, const Tensor& x, const Linear& layer, int64_t first,
                    int64_t count, float beta, Matrix out) {
  const int64_t depth = x.dim(-1);
  const int64_t rows = x.size() / depth;
  const int64_t panel_depth = panel_depth_for(layer.weight);
  float* block = scratch(Scratch::kWeightPanel, count * std::min(depth, panel_depth));
  for (int64_t column = 0; column < depth; column += panel_depth) {
    const int64_t columns = std::min(panel_depth, depth - column);
    convert_block(kernels, layer.weight, first, count, column, columns, block);
    for (int64_t row = 0; row < rows; row += kChunkRows) {
      gemm_nt(std::min(kChunkRows, rows - row), count, columns,
              {x.data() + row * depth + column, depth}, {block, columns}, column == 0 ? beta : 1.0f,
              {out.data + row * out.stride, out.stride});
    }
  }
  if (layer.bias.empty()) return;
  for (int64_t row = 0; row < rows; ++row) {
    kernels.add(out.data + row * out.stride, layer.bias.data() + first, count);
  }
}

void convert_values(const RowKernels& kernels, const WeightPart& part, int64_t offset, float scale,
                    float* out, int64_t n) {
  const std::byte* in = part.data + dtype_bytes(part.dtype, offset);
  switch (part.dtype) {
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
      dequantize_blocks(in, part.dtype, n, out);
      if (scale != 1.0f) kernels.multiply_scalar(out, scale, n);
  }
}

void convert_stored(const RowKernels& kernels, const Weight& weight, const WeightBlock& block,
                    float* out) {
  const int64_t row_size = weight.columns();
  const int64_t last = block.row + block.rows;
  int64_t part_begin = 0;
  for (const WeightPart& part : weight.parts()) {
    const int64_t begin = std::max(block.row, part_begin);
    const int64_t end = std::min(last, part_begin + part.rows);
    for (int64_t row = begin; row < end; ++row) {
      const int64_t local = row - part_begin;
      const float scale = part.row_scales ? (*part.row_scales)[local] : part.scale;
      convert_values(kernels, part, local * row_size + block.column, scale, out, block.columns);
      if (part.rotation != 0) kernels.rotate(out, block.columns, part.rotation);
      out += block.columns;
    }
    part_begin += part.rows;
  }
}

class CpuBlockMath final : public BlockMath {
 public:
  explicit CpuBlockMath(const RowKernels& kernels) : kernels_(kernels) {}

  void multiply(int64_t m, int64_t n, int64_t k, float alpha, const float* a, const float* b,
                int64_t b_stride, float beta, float* c) const override {
    gemm_nn(m, n, k, {a, k}, {b, b_stride}, beta, {c, n}, alpha);
  }
  void convert(const Weight& weight, const WeightBlock& block, float* out) const override {
    convert_stored(kernels_, weight, block, out);
  }

 private:
  const RowKernels& kernels_;
};

}  // namespace

void check_linear(const Tensor& x, const Linear& layer, const Tensor& out) {
  const Weight& weight = layer.weight;
  const bool fits = x.rank() > 0 && weight.columns() == x.dim(-1) && out.dim(-1) == weight.rows() &&
                    (layer.bias.empty() || layer.bias.size() == weight.rows()) &&
                    x.size() / x.dim(-1) == out.size() / out.dim(-1);
  if (!fits) {
    throw std::invalid_argument("linear " + weight.name() + " " + weight.shape().to_string() +
                                " on " + x.shape().to_string() + " into " +
                                out.shape().to_string());
  }
}

void convert_block(const RowKernels& kernels, const Weight& weight, int64_t first, int64_t rows,
                   int64_t column, int64_t columns, float* out) {
  const WeightBlock block{first, rows, column, columns};
  convert_stored(kernels, weight, block, out);
  if (weight.changes().empty()) return;
  float* work = scratch(Scratch::kWeightChange, 2 * rows * columns);
  apply_changes(weight, block, CpuBlockMath(kernels), work, out);
}

void linear(const RowKernels& kernels, const Tensor& x, const Linear& layer, bool accumulate,
            Tensor& out) {
  check_linear(x, layer, out);
  const int64_t outputs = layer.weight.rows();
  const float beta = accumulate ? 1.0f : 0.0f;
  parallel_for_ranges(outputs, panel_rows_for(outputs), [&](int64_t begin, int64_t end) {
    multiply_panel(kernels, x, layer, begin, end - begin, beta, {out.data() + begin, outputs});
  });
}

void gated_linear(const RowKernels& kernels, const Tensor& x, const Linear& gate, const Linear& up,
                  Tensor& hidden) {
  check_linear(x, gate, hidden);
  check_linear(x, up, hidden);
  const int64_t outputs = gate.weight.rows();
  const int64_t rows = x.size() / x.dim(-1);
  parallel_for_ranges(outputs, panel_rows_for(outputs), [&](int64_t begin, int64_t end) {
    const int64_t count = end - begin;
    const Matrix gate_out{hidden.data() + begin, outputs};
    const Matrix up_out{scratch(Scratch::kGatePanel, rows * count), count};
    multiply_panel(kernels, x, gate, begin, count, 0.0f, gate_out);
    multiply_panel(kernels, x, up, begin, count, 0.0f, up_out);
    for (int64_t row = 0; row < rows; ++row) {
      kernels.silu_multiply(gate_out.data + row * gate_out.stride, up_out.data + row * count,
                            count);
    }
  });
}

void embedding_rows(const RowKernels& kernels, const Weight& table, std::span<const int32_t> ids,
                    Tensor& out) {
  for (size_t i = 0; i < ids.size(); ++i) {
    convert_block(kernels, table, ids[i], 1, 0, table.columns(),
                  out.data() + static_cast<int64_t>(i) * table.columns());
  }
}

}  // namespace zanime::ops::cpu
