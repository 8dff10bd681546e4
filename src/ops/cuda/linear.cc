#include "ops/cuda/linear.h"

#include <algorithm>
#include <string>
#include <variant>
#include <vector>

#include "ops/cuda/kernels/elementwise.h"
#include "ops/cuda/kernels/quantization.h"
#include "weights/rotation.h"
#include "weights/weight_delta.h"

namespace zanime::ops::cuda {
namespace {

// Products in 8 bits want their extents in these steps.
constexpr int64_t kQuantizedStep = 16;
// What a kernel loads at once, and where parts of a weight may begin for it.
constexpr int64_t kPackBytes = 16;

int64_t size_of(DType dtype, int64_t count) { return dtype_bytes(dtype, count); }

int64_t aligned(int64_t bytes) { return (bytes + 255) / 256 * 256; }

// Where the factors of `rows` quantised rows begin.
int64_t scales_offset(int64_t rows, int64_t depth) { return aligned(rows * depth); }

float* scales_behind(void* memory, int64_t rows, int64_t depth) {
  return reinterpret_cast<float*>(static_cast<std::byte*>(memory) + scales_offset(rows, depth));
}

bool is_stored_as(const weights::Weight& weight, DType dtype, int64_t rotation) {
  return std::all_of(weight.parts().begin(), weight.parts().end(), [&](const auto& part) {
    return part.dtype == dtype && part.rotation == rotation;
  });
}

bool is_unscaled(const weights::Weight& weight) {
  return std::all_of(weight.parts().begin(), weight.parts().end(), [](const auto& part) {
    return part.scale == 1.0f && part.row_scales == nullptr;
  });
}

bool is_widened_on_card(DType dtype) {
  switch (dtype) {
    case DType::kF32:
    case DType::kF16:
    case DType::kBF16:
    case DType::kF8E4M3:
    case DType::kF8E5M2:
    case DType::kI8:
      return true;
    default:
      return false;
  }
}

// Can kernels read the parts where they lie behind one another?
bool can_widen(const weights::Weight& weight) {
  int64_t offset = 0;
  for (const weights::WeightPart& part : weight.parts()) {
    if (!is_widened_on_card(part.dtype) || offset % kPackBytes != 0) return false;
    offset += size_of(part.dtype, part.rows * weight.columns());
  }
  return true;
}

const weights::LowRankDelta* low_rank(const weights::WeightChange& change) {
  if (change.magnitude != nullptr) return nullptr;
  return std::get_if<weights::LowRankDelta>(&change.delta->value);
}

bool has_only_low_rank(const weights::Weight& weight) {
  return std::all_of(weight.changes().begin(), weight.changes().end(),
                     [](const auto& change) { return low_rank(change) != nullptr; });
}

weights::Weight without_changes(const weights::Weight& weight) {
  return {weight.name(), weight.shape(), weight.parts(), weight.owner()};
}

// The factors of every row, as they lie in the file.
std::vector<float> row_scales_of(const weights::Weight& weight) {
  std::vector<float> scales;
  for (const weights::WeightPart& part : weight.parts()) {
    if (part.row_scales != nullptr) {
      scales.insert(scales.end(), part.row_scales->begin(), part.row_scales->end());
    } else {
      scales.insert(scales.end(), static_cast<size_t>(part.rows), part.scale);
    }
  }
  return scales;
}

bool has_one_scale(const weights::Weight& weight) {
  const std::vector<float> scales = row_scales_of(weight);
  return std::all_of(scales.begin(), scales.end(),
                     [&](float scale) { return scale == scales.front(); });
}

}  // namespace

int64_t rotation_for(int64_t depth) {
  for (int64_t group = weights::kLargestRotation; group >= 16; group /= 4) {
    if (depth % group == 0) return group;
  }
  return 0;
}

const void* Rows::as(DType dtype) {
  if (dtype == dtype_) return data_;
  if (converted_ == nullptr) {
    converted_ = memory_.allocate(size_of(dtype, rows_ * depth_));
    convert(memory_.stream(), dtype_, dtype, rows_ * depth_, data_, converted_.get());
  }
  return converted_.get();
}

const Rows::Quantized& Rows::as_int8(int64_t rotation) {
  if (int8_.memory == nullptr) {
    int8_.memory = memory_.allocate(scales_offset(rows_, depth_) + rows_ * 4);
    float* scales = scales_behind(int8_.memory.get(), rows_, depth_);
    quantize_rows(memory_.stream(), {dtype_, rows_, depth_}, data_, DType::kI8, rotation, scales,
                  int8_.memory.get());
    int8_.scales = scales;
  }
  return int8_;
}

const Rows::Quantized& Rows::as_f8(F8Scales kind) {
  if (f8_.memory == nullptr) {
    f8_.memory = memory_.allocate(scales_offset(rows_, depth_) + (rows_ + 1) * 4);
    float* scales = scales_behind(f8_.memory.get(), rows_, depth_);
    const RowsShape shape{dtype_, rows_, depth_};
    if (kind == F8Scales::kRows) {
      quantize_rows(memory_.stream(), shape, data_, DType::kF8E4M3, 0, scales, f8_.memory.get());
    } else {
      quantize_tensor(memory_.stream(), shape, data_, scales + 1, scales, f8_.memory.get());
    }
    f8_.scales = scales;
  }
  return f8_;
}

DType LinearLayers::working_type() const {
  return mode_ == Mode::kFloat32 ? DType::kF32 : DType::kBF16;
}

DeviceWeight LinearLayers::vector(const weights::Weight& weight) {
  return store_.get(weight, WeightForm::kVector, size_of(DType::kF32, weight.shape().size()),
                    [&](void* to) { upload_values(memory_, weight, DType::kF32, to); });
}

bool LinearLayers::takes_stored(const weights::Weight& weight) const {
  if (!can_widen(weight) || !has_only_low_rank(weight)) return false;
  return !(mode_ == Mode::kInt8 && store_.holds(weight, WeightForm::kInt8Rows)) &&
         !(mode_ == Mode::kFloat8 && (store_.holds(weight, WeightForm::kF8Rows) ||
                                      store_.holds(weight, WeightForm::kF8Tensor)));
}

bool LinearLayers::is_quantized(const Rows& x, const Linear& layer) const {
  if (layer.keeps_float32 || !has_only_low_rank(layer.weight)) return false;
  const int64_t outputs = layer.weight.rows();
  if (x.rows() % kQuantizedStep != 0 || outputs % kQuantizedStep != 0) return false;
  if (mode_ == Mode::kInt8) {
    return rotation_for(x.depth()) != 0 && x.depth() <= kMostRotatedColumns;
  }
  return mode_ == Mode::kFloat8 && !layer.keeps_bfloat16 && x.depth() % kQuantizedStep == 0;
}

void LinearLayers::widen_stored(const weights::Weight& weight, DType dtype, void* out) {
  const DeviceWeight stored = store_.get_stored(weight);
  const auto* from = static_cast<const std::byte*>(stored.data());
  auto* to = static_cast<std::byte*>(out);
  for (const weights::WeightPart& part : weight.parts()) {
    DeviceWeight scales;
    if (part.row_scales != nullptr) {
      const int64_t bytes = size_of(DType::kF32, part.rows);
      scales = store_.get_other(part.row_scales->data(), part.row_scales, WeightForm::kRowScales,
                                bytes, [&](void* memory) {
                                  memory_.upload(memory, {part.row_scales->data(), bytes});
                                });
    }
    widen(memory_.stream(),
          {.dtype = part.dtype,
           .rows = part.rows,
           .columns = weight.columns(),
           .scale = part.scale,
           .row_scales = scales.floats(),
           .rotation = part.rotation},
          from, dtype, to);
    from += size_of(part.dtype, part.rows * weight.columns());
    to += size_of(dtype, part.rows * weight.columns());
  }
}

DeviceWeight LinearLayers::values(const weights::Weight& weight, DType dtype) {
  const int64_t bytes = size_of(dtype, weight.shape().size());
  const bool plain = has_only_low_rank(weight);
  if (plain && can_widen(weight)) {
    if (is_stored_as(weight, dtype, 0) && is_unscaled(weight)) return store_.get_stored(weight);
    DeviceWeight wide{memory_.allocate(bytes), bytes};
    widen_stored(weight, dtype, wide.data());
    return wide;
  }
  // What only the host can compute is kept as it was computed.
  const weights::Weight source = plain ? without_changes(weight) : weight;
  return store_.get(source, dtype == DType::kF32 ? WeightForm::kFloat32 : WeightForm::kBFloat16,
                    bytes, [&](void* to) { upload_values(memory_, source, dtype, to); });
}

LinearLayers::QuantizedWeight LinearLayers::stored_rows(const weights::Weight& weight) {
  const int64_t bytes = size_of(DType::kF32, weight.rows());
  QuantizedWeight result;
  result.rows = store_.get_stored(weight);
  result.other_scales = store_.get(weight, WeightForm::kRowScales, bytes, [&](void* to) {
    memory_.upload(to, {row_scales_of(weight).data(), bytes});
  });
  result.scales = result.other_scales.floats();
  return result;
}

LinearLayers::QuantizedWeight LinearLayers::made_rows(const weights::Weight& weight,
                                                      WeightForm form, int64_t rotation) {
  const int64_t rows = weight.rows(), depth = weight.columns();
  const auto make = [&](void* to) {
    float* scales = scales_behind(to, rows, depth);
    const RowsShape shape{DType::kBF16, rows, depth};
    {
      const DeviceWeight wide = values(weight, DType::kBF16);
      if (form == WeightForm::kF8Tensor) {
        quantize_tensor(memory_.stream(), shape, wide.data(), scales + 1, scales, to);
      } else {
        const DType type = form == WeightForm::kInt8Rows ? DType::kI8 : DType::kF8E4M3;
        quantize_rows(memory_.stream(), shape, wide.data(), type, rotation, scales, to);
      }
    }
    // What they were made from is not needed any more.
    store_.drop(weight, WeightForm::kStored);
    store_.drop(weight, WeightForm::kBFloat16);
  };
  QuantizedWeight result;
  result.rows = store_.get(weight, form, scales_offset(rows, depth) + (rows + 1) * 4, make);
  result.scales = scales_behind(result.rows.data(), rows, depth);
  return result;
}

LinearLayers::QuantizedWeight LinearLayers::int8_rows(const weights::Weight& weight,
                                                      int64_t rotation) {
  const weights::Weight source = without_changes(weight);
  if (is_stored_as(source, DType::kI8, rotation)) return stored_rows(source);
  return made_rows(source, WeightForm::kInt8Rows, rotation);
}

LinearLayers::QuantizedWeight LinearLayers::f8_rows(const weights::Weight& weight) {
  const weights::Weight source = without_changes(weight);
  const bool by_row = library_.f8_scales() == F8Scales::kRows;
  if (is_stored_as(source, DType::kF8E4M3, 0) && (by_row || has_one_scale(source))) {
    return stored_rows(source);
  }
  return made_rows(source, by_row ? WeightForm::kF8Rows : WeightForm::kF8Tensor, 0);
}

void LinearLayers::multiply_quantized(Rows& x, const Linear& layer, bool add, DType result,
                                      void* out) {
  const int64_t outputs = layer.weight.rows(), depth = x.depth();
  Product product{.m = x.rows(),
                  .n = outputs,
                  .k = depth,
                  .factors = DType::kF8E4M3,
                  .result = result,
                  .a_stride = depth,
                  .b_stride = depth,
                  .d_stride = outputs,
                  .beta = add ? 1.0f : 0.0f};
  if (mode_ == Mode::kFloat8) {
    const QuantizedWeight weight = f8_rows(layer.weight);
    const Rows::Quantized& rows = x.as_f8(library_.f8_scales());
    return library_.multiply(product, rows.memory.get(), weight.rows.data(), out, rows.scales,
                             weight.scales);
  }
  const int64_t rotation = rotation_for(depth);
  const QuantizedWeight weight = int8_rows(layer.weight, rotation);
  const Rows::Quantized& rows = x.as_int8(rotation);
  const std::shared_ptr<void> integers = memory_.allocate(size_of(DType::kI32, x.rows() * outputs));
  product.factors = DType::kI8;
  product.result = DType::kI32;
  product.beta = 0.0f;
  library_.multiply(product, rows.memory.get(), weight.rows.data(), integers.get());
  dequantize_products(memory_.stream(), {result, x.rows(), outputs},
                      static_cast<const int32_t*>(integers.get()), rows.scales, weight.scales,
                      nullptr, add, out);
}

void LinearLayers::add_low_rank(Rows& x, const weights::Weight& weight, DType factors, DType result,
                                void* out) {
  const WeightForm form = factors == DType::kF32 ? WeightForm::kFloat32 : WeightForm::kBFloat16;
  // A matrix of an adapter, kept while the adapter is.
  const auto matrix = [&](const weights::WeightChange& change, const Tensor& values) {
    const int64_t bytes = size_of(DType::kF32, values.size());
    return store_.get_other(
        values.data(), change.delta, form, size_of(factors, values.size()), [&](void* to) {
          if (factors == DType::kF32) {
            return memory_.upload(to, {values.data(), bytes});
          }
          const std::shared_ptr<void> wide = memory_.allocate(bytes);
          memory_.upload(wide.get(), {values.data(), bytes});
          convert(memory_.stream(), DType::kF32, factors, values.size(), wide.get(), to);
        });
  };
  for (const weights::WeightChange& change : weight.changes()) {
    const weights::LowRankDelta& delta = *low_rank(change);
    const int64_t rank = delta.up.dim(1);
    const DeviceWeight down = matrix(change, delta.down), up = matrix(change, delta.up);
    const std::shared_ptr<void> inner = memory_.allocate(size_of(factors, x.rows() * rank));
    library_.multiply({.m = x.rows(),
                       .n = rank,
                       .k = x.depth(),
                       .factors = factors,
                       .result = factors,
                       .a_stride = x.depth(),
                       .b_stride = x.depth(),
                       .d_stride = rank},
                      x.as(factors), down.data(), inner.get());
    library_.multiply({.m = x.rows(),
                       .n = change.rows,
                       .k = rank,
                       .factors = factors,
                       .result = result,
                       .a_stride = rank,
                       .b_stride = rank,
                       .d_stride = weight.rows(),
                       .alpha = change.strength,
                       .beta = 1.0f},
                      inner.get(), up.data(),
                      static_cast<std::byte*>(out) + size_of(result, change.first_row));
  }
}

void LinearLayers::multiply(Rows& x, const Linear& layer, bool add, DType result, void* out) {
  const int64_t outputs = layer.weight.rows();
  const DType factors = layer.keeps_float32 ? DType::kF32 : working_type();
  if (is_quantized(x, layer)) {
    multiply_quantized(x, layer, add, result, out);
  } else {
    const DeviceWeight weight = values(layer.weight, factors);
    library_.multiply({.m = x.rows(),
                       .n = outputs,
                       .k = x.depth(),
                       .factors = factors,
                       .result = result,
                       .a_stride = x.depth(),
                       .b_stride = x.depth(),
                       .d_stride = outputs,
                       .beta = add ? 1.0f : 0.0f},
                      x.as(factors), weight.data(), out);
  }
  if (has_only_low_rank(layer.weight)) add_low_rank(x, layer.weight, factors, result, out);
  if (!layer.bias.empty()) {
    add_bias(memory_.stream(), {result, x.rows(), outputs}, out, vector(layer.bias).floats());
  }
}

}  // namespace zanime::ops::cuda
