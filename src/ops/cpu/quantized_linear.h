// Matrix products in 8-bit integers, bought from oneDNN: half the time of float32 on AVX2, at a
// price in exactness.
//
// Activations become integers per row (token), weights per output; the products are summed in
// 32-bit integers. Both are first rotated by groups of columns (weights/rotation.h), which spreads
// the few large values that would make all others small (ConvRot, arXiv 2512.03673).
#pragma once

#include "base/buffer.h"
#include "base/tensor.h"
#include "ops/cpu/quantized_weights.h"
#include "ops/cpu/row_kernels.h"
#include "ops/ops.h"

namespace zanime::ops::cpu {

// Columns that are rotated together in products of this depth: the largest power of 4 up to 256
// that divides it, or 0 for none.
int64_t rotation_for(int64_t depth);

// Rows of activations as u8 with the zero at 128: value = scale * (stored - 128), rotated.
class QuantizedRows {
 public:
  // x [.., depth].
  QuantizedRows(const RowKernels& kernels, const Tensor& x);

  int64_t rows() const { return rows_; }
  int64_t depth() const { return depth_; }
  const uint8_t* values() const { return values_.data(); }
  float scale(int64_t row) const { return scales_[row]; }

 private:
  int64_t rows_, depth_;
  Buffer<uint8_t> values_;
  Buffer<float> scales_;
};

// As linear() (ops/cpu/linear.h), of which it takes the shapes as checked. The weight is taken from
// `kept`, or left there where there is room.
void quantized_linear(const RowKernels& kernels, const QuantizedRows& x, const Linear& layer,
                      bool accumulate, QuantizedWeights& kept, Tensor& out);

}  // namespace zanime::ops::cpu
