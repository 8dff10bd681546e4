#include "ops/cpu/linear.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "base/parallel.h"
#include "ops/cpu/packed_product.h"
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

// x in the numbers that it is multiplied in.
class Factor {
 public:
  Factor(const RowKernels& kernels, const Tensor& x, Rounding rounding)
      : rows_(x.size() / x.dim(-1)), depth_(x.dim(-1)), rounding_(rounding), values_(x) {
    if (rounding == Rounding::kNone) return;
    // Pairs of inputs are multiplied at once.
    is_stored_bf16_ = multiplies_bf16() && depth_ % 2 == 0;
    values_ = Tensor(Shape{floats(rows_ * depth_)});
    parallel_for(rows_, [&](int64_t row) {
      const float* in = x.data() + row * depth_;
      if (is_stored_bf16_) {
        kernels.to_bf16(in, reinterpret_cast<uint16_t*>(values_.data()) + row * depth_, depth_);
      } else {
        kernels.round_to_bf16(in, values_.data() + row * depth_, depth_);
      }
    });
  }

  int64_t rows() const { return rows_; }
  int64_t depth() const { return depth_; }

  // packed = the weight's rows [first, first + outputs), columns [column, column + columns),
  // outputs <= kPackedOutputs. Takes floats(kPackedOutputs * columns).
  void pack(const RowKernels& kernels, const weights::Weight& weight, int64_t first,
            int64_t outputs, int64_t column, int64_t columns, float* packed) const {
    float* tile = scratch(Scratch::kWeightPanel, outputs * kConvertedColumns);
    for (int64_t done = 0; done < columns; done += kConvertedColumns) {
      const int64_t count = std::min(kConvertedColumns, columns - done);
      convert_block(kernels, weight, first, outputs, column + done, count, tile);
      float* target = packed + floats(done * kPackedOutputs);
      if (is_stored_bf16_) {
        kernels.pack_bf16(tile, outputs, count, reinterpret_cast<uint16_t*>(target));
        continue;
      }
      if (rounding_ == Rounding::kBFloat16) kernels.round_to_bf16(tile, tile, outputs * count);
      kernels.pack(tile, outputs, count, target);
    }
  }

  // out [rows, outputs] (+)= x[first .. first + rows, column ..] packed^T
  void multiply(PackedShape shape, int64_t first, int64_t column, const float* packed,
                Matrix out) const {
    shape.x_stride = depth_;
    const int64_t offset = first * depth_ + column;
    if (is_stored_bf16_) {
      multiply_packed_bf16(shape, reinterpret_cast<const uint16_t*>(values_.data()) + offset,
                           reinterpret_cast<const uint16_t*>(packed), out);
    } else {
      multiply_packed(shape, values_.data() + offset, packed, out);
    }
  }

  // As many floats as hold so many numbers.
  int64_t floats(int64_t numbers) const {
    return is_stored_bf16_ ? floats_for_bytes(2 * numbers) : numbers;
  }

 private:
  int64_t rows_, depth_;
  Rounding rounding_;
  bool is_stored_bf16_ = false;
  Tensor values_;  // pairs of bfloat16 where is_stored_bf16_
};

// The product of one panel: outputs [first, first + count), count <= kPanelOutputs.
void multiply_panel(const RowKernels& kernels, const Factor& x, const Linear& layer, int64_t first,
                    int64_t count, bool accumulate, Matrix out) {
  const int64_t depth = std::min(x.depth(), kPanelDepth);
  const int64_t packed_size = x.floats(kPackedOutputs * depth);
  const int64_t packs = (count + kPackedOutputs - 1) / kPackedOutputs;
  float* packed = scratch(Scratch::kPackedPanel, packs * packed_size);
  const auto for_each_pack = [&](auto work) {
    for (int64_t pack = 0; pack < packs; ++pack) {
      const int64_t begin = pack * kPackedOutputs;
      work(begin, std::min(kPackedOutputs, count - begin), packed + pack * packed_size);
    }
  };
  for (int64_t column = 0; column < x.depth(); column += kPanelDepth) {
    const int64_t columns = std::min(kPanelDepth, x.depth() - column);
    for_each_pack([&](int64_t begin, int64_t outputs, float* target) {
      x.pack(kernels, layer.weight, first + begin, outputs, column, columns, target);
    });
    for (int64_t row = 0; row < x.rows(); row += kChunkRows) {
      for_each_pack([&](int64_t begin, int64_t outputs, const float* source) {
        const PackedShape shape{.rows = std::min(kChunkRows, x.rows() - row),
                                .outputs = outputs,
                                .depth = columns,
                                .accumulate = accumulate || column > 0};
        x.multiply(shape, row, column, source, {out.data + row * out.stride + begin, out.stride});
      });
    }
  }
  if (layer.bias.empty()) return;
  for (int64_t row = 0; row < x.rows(); ++row) {
    kernels.add(out.data + row * out.stride, layer.bias.data() + first, count);
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
                    (layer.bias.empty() || layer.bias.size() == weight.rows()) &&
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
  const int64_t outputs = layer.weight.rows();
  parallel_for_ranges(outputs, panel_outputs(layer, factor), [&](int64_t begin, int64_t end) {
    multiply_panel(kernels, factor, layer, begin, end - begin, accumulate,
                   {out.data() + begin, outputs});
  });
}

void gated_linear(const RowKernels& kernels, const Tensor& x, const Linear& gate, const Linear& up,
                  Rounding rounding, Tensor& hidden) {
  check_linear(x, gate, hidden);
  check_linear(x, up, hidden);
  const Factor factor(kernels, x, rounding);
  const int64_t outputs = gate.weight.rows();
  parallel_for_ranges(outputs, panel_outputs(gate, factor), [&](int64_t begin, int64_t end) {
    const int64_t count = end - begin;
    const Matrix gate_out{hidden.data() + begin, outputs};
    const Matrix up_out{scratch(Scratch::kGatePanel, factor.rows() * count), count};
    multiply_panel(kernels, factor, gate, begin, count, false, gate_out);
    multiply_panel(kernels, factor, up, begin, count, false, up_out);
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
