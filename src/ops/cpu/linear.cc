#include "ops/cpu/linear.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "base/buffer.h"
#include "base/parallel.h"
#include "ops/cpu/packed_product.h"
#include "ops/cpu/parameter.h"
#include "ops/cpu/scratch.h"
#include "ops/cpu/weight_block.h"

namespace zanime::ops::cpu {
namespace {

// A panel is what one thread converts and multiplies at a time: so many outputs, in blocks of so
// many inputs. A packed block of 640 KiB is read from the second and third-level caches once per
// chunk of rows. Of blocks from 512 to 1920 inputs and 64 to 256 outputs, these ran fastest.
constexpr int64_t kPanelOutputs = 128;
constexpr int64_t kPanelDepth = 1280;
// Rows of x that meet a packed block at a time: their block of inputs stays in cache meanwhile.
constexpr int64_t kChunkRows = 96;

// Packed weights, in one of the two types.
struct PackedPanel {
  float* fp32;
  uint16_t* bf16;
};

// x in the numbers that it is multiplied in: float32 as it is, float32 rounded to bfloat16, or
// bfloat16.
class Factor {
 public:
  Factor(const RowKernels& kernels, const Tensor& x, Rounding rounding)
      : rows_(x.size() / x.dim(-1)), depth_(x.dim(-1)), rounding_(rounding), values_(x) {
    if (rounding == Rounding::kNone) return;
    // Pairs of inputs are multiplied at once.
    is_stored_bf16_ = kernels.multiply_bf16 != nullptr && depth_ % 2 == 0;
    if (is_stored_bf16_) {
      bf16_values_ = Buffer<uint16_t>(rows_ * depth_);
    } else {
      values_ = Tensor(Shape{rows_, depth_});
    }
    parallel_for(rows_, [&](int64_t row) {
      const float* in = x.data() + row * depth_;
      if (is_stored_bf16_) {
        kernels.to_bf16(in, bf16_values_.data() + row * depth_, depth_);
      } else {
        kernels.round_to_bf16(in, values_.data() + row * depth_, depth_);
      }
    });
  }

  int64_t rows() const { return rows_; }
  int64_t depth() const { return depth_; }

  // The weight's rows [first, first + outputs), columns [column, column + columns), packed behind
  // `skipped` packed blocks of kPackedOutputs x columns. outputs <= kPackedOutputs.
  void pack(const RowKernels& kernels, const weights::Weight& weight, int64_t first,
            int64_t outputs, int64_t column, int64_t columns, const PackedPanel& panel,
            int64_t skipped) const {
    if (const std::byte* bytes = plain_f8e4m3_rows(weight, first, outputs);
        bytes != nullptr && is_stored_bf16_) {
      return kernels.pack_f8e4m3_bf16(bytes + column, depth_, outputs, columns,
                                      panel.bf16 + skipped);
    }
    float* tile = scratch<float>(Scratch::kWeightPanel, outputs * kConvertedColumns);
    for (int64_t done = 0; done < columns; done += kConvertedColumns) {
      const int64_t count = std::min(kConvertedColumns, columns - done);
      convert_block(kernels, weight, first, outputs, column + done, count, tile);
      const int64_t offset = skipped + done * kPackedOutputs;
      if (is_stored_bf16_) {
        kernels.pack_bf16(tile, outputs, count, panel.bf16 + offset);
        continue;
      }
      if (rounding_ == Rounding::kBFloat16) kernels.round_to_bf16(tile, tile, outputs * count);
      kernels.pack(tile, outputs, count, panel.fp32 + offset);
    }
  }

  // out [rows, outputs] (+)= x[first .. first + rows, column ..] packed^T, the block that lies
  // behind `skipped` packed values.
  void multiply(const RowKernels& kernels, PackedShape shape, int64_t first, int64_t column,
                const PackedPanel& panel, int64_t skipped, Matrix out) const {
    shape.x_stride = depth_;
    const int64_t offset = first * depth_ + column;
    if (is_stored_bf16_) {
      kernels.multiply_bf16(shape, bf16_values_.data() + offset, panel.bf16 + skipped, out);
    } else {
      multiply_packed(shape, values_.data() + offset, panel.fp32 + skipped, out);
    }
  }

  // Room of this thread for so many packed values.
  PackedPanel packed_panel(int64_t values) const {
    if (is_stored_bf16_) return {nullptr, scratch<uint16_t>(Scratch::kPackedPanel, values)};
    return {scratch<float>(Scratch::kPackedPanel, values), nullptr};
  }

 private:
  int64_t rows_, depth_;
  Rounding rounding_;
  bool is_stored_bf16_ = false;
  Tensor values_;                 // where not is_stored_bf16_
  Buffer<uint16_t> bf16_values_;  // where it is
};

// The product of one panel: outputs [first, first + count), count <= kPanelOutputs.
void multiply_panel(const RowKernels& kernels, const Factor& x, const weights::Weight& weight,
                    const Tensor& bias, int64_t first, int64_t count, bool accumulate, Matrix out) {
  const int64_t packed_size = kPackedOutputs * std::min(x.depth(), kPanelDepth);
  const int64_t packs = (count + kPackedOutputs - 1) / kPackedOutputs;
  const PackedPanel panel = x.packed_panel(packs * packed_size);
  const auto for_each_pack = [&](auto work) {
    for (int64_t pack = 0; pack < packs; ++pack) {
      const int64_t begin = pack * kPackedOutputs;
      work(begin, std::min(kPackedOutputs, count - begin), pack * packed_size);
    }
  };
  for (int64_t column = 0; column < x.depth(); column += kPanelDepth) {
    const int64_t columns = std::min(kPanelDepth, x.depth() - column);
    for_each_pack([&](int64_t begin, int64_t outputs, int64_t skipped) {
      x.pack(kernels, weight, first + begin, outputs, column, columns, panel, skipped);
    });
    for (int64_t row = 0; row < x.rows(); row += kChunkRows) {
      for_each_pack([&](int64_t begin, int64_t outputs, int64_t skipped) {
        const PackedShape shape{.rows = std::min(kChunkRows, x.rows() - row),
                                .outputs = outputs,
                                .depth = columns,
                                .accumulate = accumulate || column > 0};
        x.multiply(kernels, shape, row, column, panel, skipped,
                   {out.data + row * out.stride + begin, out.stride});
      });
    }
  }
  if (bias.empty()) return;
  for (int64_t row = 0; row < x.rows(); ++row) {
    kernels.add(out.data + row * out.stride, bias.data() + first, count);
  }
}

// Outputs that a thread takes at a time. Where one chunk is all there is, a packed block is read
// once and had better be small.
int64_t panel_outputs(const Linear& layer, const Factor& x) {
  return even_panel(layer.weight.rows(), x.rows() > kChunkRows ? kPanelOutputs : kPackedOutputs,
                    kPackedOutputs);
}

}  // namespace

void check_linear(const Tensor& x, const Linear& layer, const Tensor& out) {
  const weights::Weight& weight = layer.weight;
  const bool fits = x.rank() > 0 && weight.columns() == x.dim(-1) && out.dim(-1) == weight.rows() &&
                    (layer.bias.empty() || layer.bias.shape().size() == weight.rows()) &&
                    x.size() / x.dim(-1) == out.size() / out.dim(-1);
  if (!fits) {
    throw std::invalid_argument("linear " + weight.name() + " " + weight.shape().to_string() +
                                " on " + x.shape().to_string() + " into " +
                                out.shape().to_string());
  }
}

int64_t even_panel(int64_t outputs, int64_t most, int64_t multiple) {
  const int64_t threads = thread_count();
  const int64_t panels = (outputs + most - 1) / most;
  const int64_t even_panels = (panels + threads - 1) / threads * threads;
  const int64_t panel = (outputs + even_panels - 1) / even_panels;
  return std::max<int64_t>(1, (panel + multiple - 1) / multiple) * multiple;
}

void linear(const RowKernels& kernels, const Tensor& x, const Linear& layer, Rounding rounding,
            bool accumulate, Tensor& out) {
  check_linear(x, layer, out);
  const Factor factor(kernels, x, rounding);
  const Tensor bias = parameter(kernels, layer.bias);
  const int64_t outputs = layer.weight.rows();
  parallel_for_ranges(outputs, panel_outputs(layer, factor), [&](int64_t begin, int64_t end) {
    multiply_panel(kernels, factor, layer.weight, bias, begin, end - begin, accumulate,
                   {out.data() + begin, outputs});
  });
}

void gated_linear(const RowKernels& kernels, const Tensor& x, const Linear& gate, const Linear& up,
                  Rounding rounding, Tensor& hidden) {
  check_linear(x, gate, hidden);
  check_linear(x, up, hidden);
  const Factor factor(kernels, x, rounding);
  const Tensor gate_bias = parameter(kernels, gate.bias), up_bias = parameter(kernels, up.bias);
  const int64_t outputs = gate.weight.rows();
  parallel_for_ranges(outputs, panel_outputs(gate, factor), [&](int64_t begin, int64_t end) {
    const int64_t count = end - begin;
    const Matrix gate_out{hidden.data() + begin, outputs};
    const Matrix up_out{scratch<float>(Scratch::kGatePanel, factor.rows() * count), count};
    multiply_panel(kernels, factor, gate.weight, gate_bias, begin, count, false, gate_out);
    multiply_panel(kernels, factor, up.weight, up_bias, begin, count, false, up_out);
    for (int64_t row = 0; row < factor.rows(); ++row) {
      kernels.silu_multiply(gate_out.data + row * gate_out.stride, up_out.data + row * count,
                            count);
    }
  });
}

void embedding_rows(const RowKernels& kernels, const weights::Weight& table,
                    std::span<const int32_t> ids, Tensor& out) {
  for (size_t i = 0; i < ids.size(); ++i) {
    convert_block(kernels, table, ids[i], 1, 0, table.columns(),
                  out.data() + static_cast<int64_t>(i) * table.columns());
  }
}

}  // namespace zanime::ops::cpu
