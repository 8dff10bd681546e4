#include "ops/cpu/quantized_linear.h"

#include <algorithm>
#include <string>

#include <oneapi/dnnl/dnnl.h>

#include "base/error.h"
#include "base/parallel.h"
#include "ops/cpu/linear.h"
#include "ops/cpu/scratch.h"
#include "weights/rotation.h"

namespace zanime::ops::cpu {
namespace {

// AVX2 adds pairs of u8 x s8 products in 16 bits: with weights of 7 bits, 2 * 255 * 63 = 32,130
// still fits. The same everywhere, so that a picture does not depend on the machine.
constexpr float kLargestWeight = 63.0f;
constexpr float kLargestActivation = 127.0f;
constexpr int32_t kActivationZero = 128;

// Outputs that one thread multiplies at a time, and rows of a weight that it converts at a time: as
// floats they stay in the second-level cache.
constexpr int64_t kPanelRows = 256;
constexpr int64_t kConvertedRows = 8;

int64_t floats_for_bytes(int64_t bytes) { return (bytes + 3) / 4; }

// Rows that the file holds in the rotation wanted need not be turned back and forth.
Weight without_rotation(const Weight& weight, int64_t rotation, bool& is_rotated) {
  is_rotated = rotation != 0 && weight.changes().empty() &&
               std::all_of(weight.parts().begin(), weight.parts().end(),
                           [&](const WeightPart& part) { return part.rotation == rotation; });
  if (!is_rotated) return weight;
  std::vector<WeightPart> parts = weight.parts();
  for (WeightPart& part : parts) part.rotation = 0;
  return {weight.name(), weight.shape(), std::move(parts), weight.owner()};
}

void quantize_panel(const RowKernels& kernels, const Weight& weight, int64_t rotation,
                    int64_t first, int64_t count, const QuantizedPanel& panel) {
  const int64_t depth = weight.columns();
  float* block = scratch(Scratch::kWeightPanel, kConvertedRows * depth);
  for (int64_t done = 0; done < count; done += kConvertedRows) {
    const int64_t rows = std::min(kConvertedRows, count - done);
    convert_block(kernels, weight, first + done, rows, 0, depth, block);
    if (rotation != 0) kernels.rotate(block, rows * depth, rotation);
    for (int64_t row = 0; row < rows; ++row) {
      const float* values = block + row * depth;
      const float largest = kernels.absolute_max(values, depth);
      const float factor = largest > 0 ? kLargestWeight / largest : 0.0f;
      panel.scales[done + row] = largest / kLargestWeight;
      panel.sums[done + row] =
          kernels.quantize(values, factor, 0,
                           reinterpret_cast<uint8_t*>(panel.values + (done + row) * depth), depth);
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
  for (int64_t group = kLargestRotation; group >= 16; group /= 4) {
    if (depth % group == 0) return group;
  }
  return 0;
}

QuantizedRows::QuantizedRows(const RowKernels& kernels, const Tensor& x)
    : rows_(x.size() / x.dim(-1)),
      depth_(x.dim(-1)),
      storage_(Shape{floats_for_bytes(rows_ * depth_)}),
      scales_(Shape{rows_}) {
  const int64_t rotation = rotation_for(depth_);
  auto* bytes = reinterpret_cast<uint8_t*>(storage_.data());
  parallel_for(rows_, [&](int64_t row) {
    float* values = scratch(Scratch::kWeightPanel, depth_);
    std::copy_n(x.data() + row * depth_, depth_, values);
    if (rotation != 0) kernels.rotate(values, depth_, rotation);
    const float largest = kernels.absolute_max(values, depth_);
    scales_.data()[row] = largest / kLargestActivation;
    kernels.quantize(values, largest > 0 ? kLargestActivation / largest : 0.0f, kActivationZero,
                     bytes + row * depth_, depth_);
  });
}

void quantized_linear(const RowKernels& kernels, const QuantizedRows& x, const Linear& layer,
                      bool accumulate, QuantizedWeights& kept, Tensor& out) {
  const int64_t depth = x.depth(), outputs = layer.weight.rows();
  int64_t rotation = rotation_for(depth);
  bool is_rotated = false;
  const Weight weight = without_rotation(layer.weight, rotation, is_rotated);
  if (is_rotated) rotation = 0;
  QuantizedWeight* whole = kept.find(layer.weight);
  const bool is_converted = whole != nullptr;
  if (!is_converted) whole = kept.add(layer.weight);
  parallel_for_ranges(outputs, kPanelRows, [&](int64_t first, int64_t end) {
    const int64_t count = end - first;
    float scales[kPanelRows];
    int32_t sums[kPanelRows];
    QuantizedPanel panel{nullptr, scales, sums};
    if (whole != nullptr) {
      panel = whole->panel(first);
    } else {
      panel.values = reinterpret_cast<int8_t*>(
          scratch(Scratch::kQuantizedPanel, floats_for_bytes(count * depth)));
    }
    if (!is_converted) quantize_panel(kernels, weight, rotation, first, count, panel);
    auto* products =
        reinterpret_cast<int32_t*>(scratch(Scratch::kIntegerProducts, x.rows() * count));
    gemm(x.rows(), count, depth, x.values(), panel.values, products);
    for (int64_t row = 0; row < x.rows(); ++row) {
      float* target = out.data() + row * outputs + first;
      kernels.dequantize(products + row * count, panel.sums, panel.scales, x.scale(row), accumulate,
                         target, count);
      if (!layer.bias.empty()) kernels.add(target, layer.bias.data() + first, count);
    }
  });
}

}  // namespace zanime::ops::cpu
