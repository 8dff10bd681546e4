// Linear layers on a card: in which numbers, and from what of their weights.
#pragma once

#include <cstdint>
#include <memory>

#include "ops/cuda/device.h"
#include "ops/cuda/weight_store.h"
#include "ops/ops.h"

namespace zanime::ops::cuda {

// What products are computed in where a layer does not keep float32.
enum class Mode { kFloat32, kBFloat16, kFloat8, kInt8 };

// Rows that are multiplied, in every kind of number that a product asked for.
class Rows {
 public:
  // data [rows, depth] of `dtype`; it stays while this object lives.
  Rows(Memory& memory, DType dtype, int64_t rows, int64_t depth, const void* data)
      : memory_(memory), dtype_(dtype), rows_(rows), depth_(depth), data_(data) {}

  int64_t rows() const { return rows_; }
  int64_t depth() const { return depth_; }
  // In kF32 or kBF16.
  const void* as(DType dtype);
  // In 8 bits with the factors behind.
  struct Quantized {
    std::shared_ptr<void> memory;
    const float* scales = nullptr;
  };
  const Quantized& as_int8(int64_t rotation);
  const Quantized& as_f8(F8Scales scales);

 private:
  Memory& memory_;
  const DType dtype_;
  const int64_t rows_, depth_;
  const void* data_;
  std::shared_ptr<void> converted_;
  Quantized int8_, f8_;
};

class LinearLayers {
 public:
  LinearLayers(Memory& memory, Library& library, WeightStore& store, Mode mode)
      : memory_(memory), library_(library), store_(store), mode_(mode) {}

  // Of the activations between layers: kF32 in Mode::kFloat32, else kBF16.
  DType working_type() const;
  // out [rows, outputs] of type `result` = x weight^T + bias, added to what is there if asked.
  void multiply(Rows& x, const Linear& layer, bool add, DType result, void* out);
  // A vector in float32; to be held until what reads it is launched.
  DeviceWeight vector(const weights::Weight& weight);
  // Does the layer's product read the weight as its file has it?
  bool takes_stored(const weights::Weight& weight) const;

 private:
  bool is_quantized(const Rows& x, const Linear& layer) const;
  // The weight's values without its low-rank changes, or with all of them where there are others.
  DeviceWeight values(const weights::Weight& weight, DType dtype);
  void widen_stored(const weights::Weight& weight, DType dtype, void* out);
  // 8-bit rows and their scales, as the file has them or made from its numbers.
  struct QuantizedWeight {
    DeviceWeight rows, other_scales;
    const float* scales = nullptr;
  };
  QuantizedWeight stored_rows(const weights::Weight& weight);
  QuantizedWeight made_rows(const weights::Weight& weight, WeightForm form, int64_t rotation);
  QuantizedWeight int8_rows(const weights::Weight& weight, int64_t rotation);
  QuantizedWeight f8_rows(const weights::Weight& weight);
  void multiply_quantized(Rows& x, const Linear& layer, bool add, DType result, void* out);
  // out += strength * (x down^T) up^T of every low-rank change.
  void add_low_rank(Rows& x, const weights::Weight& weight, DType factors, DType result, void* out);

  Memory& memory_;
  Library& library_;
  WeightStore& store_;
  const Mode mode_;
};

// Columns that are rotated together in products of 8-bit integers of this depth: the largest power
// of 4 up to 256 that divides it, or 0 where none from 16 on does.
int64_t rotation_for(int64_t depth);

// The whole weight, changes applied, uploaded as kF32 or kBF16.
void upload_values(Memory& memory, const weights::Weight& weight, DType dtype, void* to);
// A weight of a convolution as [outputs, height, width, inputs].
void upload_filter(Memory& memory, const weights::Weight& weight, DType dtype, void* to);

}  // namespace zanime::ops::cuda
