#include "ops/cpu/quantized_linear.h"

#include <algorithm>
#include <string>

#include <oneapi/dnnl/dnnl.h>

#include "base/error.h"
#include "base/parallel.h"
#include "ops/cpu/linear.h"
#include "ops/cpu/parameter.h"
#include "ops/cpu/scratch.h"
#include "ops/cpu/weight_block.h"
#include "weights/rotation.h"

namespace zanime::ops::cpu {
namespace {

// AVX2 adds pairs of u8 x s8 products in 16 bits: with weights of 7 bits, 2 * 255 * 63 = 32,130
// still fits. The same everywhere, so that a picture does not depend on the machine.
constexpr float kLargestWeight = 63.0f;
constexpr float kLargestActivation = 127.0f;
constexpr int32_t kActivationZero = 128;  // as RowKernels::dequantize has it

// Outputs that one thread multiplies at a time at most, and rows of a weight that it converts at a
// time: as floats they stay in the second-level cache.
constexpr int64_t kPanelRows = 256;
constexpr int64_t kConvertedRows = 8;

struct QuantizedRow {
  float scale;  // value = scale * (stored - zero)
  int32_t sum;  // of stored - zero
};

// `n` values as bytes of which the largest is `largest`.
QuantizedRow quantize_row(const RowKernels& kernels, const float* values, int64_t n, float largest,
                          int32_t zero, uint8_t* out) {
  const float most = kernels.absolute_max(values, n);
  const float factor = most > 0 ? largest / most : 0.0f;
  return {most / largest, kernels.quantize(values, factor, zero, out, n)};
}

// Does the file hold all of the weight in the rotation wanted? Then it need not be turned back and
// forth.
bool is_stored_rotated(const weights::Weight& weight, int64_t rotation) {
  return rotation != 0 && weight.changes().empty() &&
         std::all_of(weight.parts().begin(), weight.parts().end(),
                     [&](const weights::WeightPart& part) { return part.rotation == rotation; });
}

// The weight as it lies there, rotated as it is.
weights::Weight as_stored(const weights::Weight& weight) {
  std::vector<weights::WeightPart> parts = weight.parts();
  for (weights::WeightPart& part : parts) part.rotation = 0;
  return {weight.name(), weight.shape(), std::move(parts), weight.owner()};
}

void quantize_panel(const RowKernels& kernels, const weights::Weight& weight, int64_t rotation,
                    int64_t first, int64_t count, const QuantizedPanel& panel) {
  const int64_t depth = weight.columns();
  float* block = scratch<float>(Scratch::kWeightPanel, kConvertedRows * depth);
  for (int64_t done = 0; done < count; done += kConvertedRows) {
    const int64_t rows = std::min(kConvertedRows, count - done);
    convert_block(kernels, weight, first + done, rows, 0, depth, block);
    if (rotation != 0) kernels.rotate(block, rows * depth, rotation);
    for (int64_t row = 0; row < rows; ++row) {
      const QuantizedRow quantized =
          quantize_row(kernels, block + row * depth, depth, kLargestWeight, 0,
                       reinterpret_cast<uint8_t*>(panel.values + (done + row) * depth));
      panel.scales[done + row] = quantized.scale;
      panel.sums[done + row] = quantized.sum;
    }
  }
}

// c [m, n] = a [m, k] b^T, b [n, k].
void gemm(int64_t m, int64_t n, int64_t k, const uint8_t* a, const int8_t* b, int32_t* c) {
  const int32_t no_offset = 0;
  const dnnl_status_t status =
      dnnl_gemm_u8s8s32('N', 'T', 'F', m, n, k, 1.0f, a, k, 0, b, k, 0, 0.0f, c, n, &no_offset);
  if (status == dnnl_out_of_memory) throw Error(ErrorKind::kResource, "out of memory in gemm");
  if (status != dnnl_success) {
    throw Error(ErrorKind::kInternal,
                "oneDNN's product of integers failed with status " + std::to_string(status));
  }
}

}  // namespace

int64_t rotation_for(int64_t depth) {
  for (int64_t group = weights::kLargestRotation; group >= 16; group /= 4) {
    if (depth % group == 0) return group;
  }
  return 0;
}

QuantizedRows::QuantizedRows(const RowKernels& kernels, const Tensor& x)
    : rows_(x.size() / x.dim(-1)), depth_(x.dim(-1)), values_(rows_ * depth_), scales_(rows_) {
  const int64_t rotation = rotation_for(depth_);
  parallel_for(rows_, [&](int64_t row) {
    float* values = scratch<float>(Scratch::kWeightPanel, depth_);
    std::copy_n(x.data() + row * depth_, depth_, values);
    if (rotation != 0) kernels.rotate(values, depth_, rotation);
    scales_[row] = quantize_row(kernels, values, depth_, kLargestActivation, kActivationZero,
                                values_.data() + row * depth_)
                       .scale;
  });
}

void quantized_linear(const RowKernels& kernels, const QuantizedRows& x, const Linear& layer,
                      bool accumulate, QuantizedWeights& kept, Tensor& out) {
  const int64_t depth = x.depth(), outputs = layer.weight.rows();
  const Tensor bias = parameter(kernels, layer.bias);
  QuantizedWeight* whole = kept.find(layer.weight);
  const bool is_converted = whole != nullptr;
  if (!is_converted) whole = kept.add(layer.weight);
  const int64_t wanted = rotation_for(depth);
  const bool is_rotated = is_stored_rotated(layer.weight, wanted);
  const weights::Weight weight = is_rotated ? as_stored(layer.weight) : layer.weight;
  const int64_t rotation = is_rotated ? 0 : wanted;
  parallel_for_ranges(outputs, even_panel(outputs, kPanelRows, 8), [&](int64_t first, int64_t end) {
    const int64_t count = end - first;
    float scales[kPanelRows];
    int32_t sums[kPanelRows];
    QuantizedPanel panel{nullptr, scales, sums};
    if (whole != nullptr) {
      panel = whole->panel(first);
    } else {
      panel.values = scratch<int8_t>(Scratch::kQuantizedPanel, count * depth);
    }
    if (!is_converted) quantize_panel(kernels, weight, rotation, first, count, panel);
    auto* products = scratch<int32_t>(Scratch::kIntegerProducts, x.rows() * count);
    gemm(x.rows(), count, depth, x.values(), panel.values, products);
    for (int64_t row = 0; row < x.rows(); ++row) {
      float* target = out.data() + row * outputs + first;
      kernels.dequantize(products + row * count, panel.sums, panel.scales, x.scale(row), accumulate,
                         target, count);
      if (!bias.empty()) kernels.add(target, bias.data() + first, count);
    }
  });
}

}  // namespace zanime::ops::cpu
