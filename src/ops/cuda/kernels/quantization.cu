#include <cmath>
#include <string>

#include "ops/cuda/kernels/numbers.h"
#include "ops/cuda/kernels/quantization.h"

namespace zanime::ops::cuda {
namespace {

constexpr int kThreads = 256;

// Calls body(T{}) with the stored type.
template <typename Body>
void with_stored_type(DType dtype, const Body& body) {
  switch (dtype) {
    case DType::kF32:
      return body(float{});
    case DType::kF16:
      return body(Half{});
    case DType::kBF16:
      return body(Bf16{});
    case DType::kF8E4M3:
      return body(F8E4M3{});
    case DType::kF8E5M2:
      return body(F8E5M2{});
    case DType::kI8:
      return body(int8_t{});
    default:
      throw std::invalid_argument("a card does not widen " + std::string(dtype_name(dtype)));
  }
}

template <typename From, typename To, int kWidth>
ZANIME_KERNEL void widen_kernel(StoredRows stored, const From* data, To* out) {
  const int64_t i = (block_index() * block_size() + thread_index()) * kWidth;
  if (i >= stored.rows * stored.columns) return;
  const float scale =
      stored.row_scales != nullptr ? stored.row_scales[i / stored.columns] : stored.scale;
  const auto pack = load<kWidth>(data + i);
  Pack<To, kWidth> values;
  for (int k = 0; k < kWidth; ++k) {
    values.value[k] = from_float<To>(scale * to_float(pack.value[k]));
  }
  store<kWidth>(out + i, values);
}

// Multiplies every run of `group` of `count` values in shared memory by the rotation of
// weights/rotation.h, one factor of its Kronecker power at a time.
ZANIME_DEVICE void rotate_shared(float* values, int64_t count, int64_t group) {
  for (int64_t stride = 1; stride < group; stride *= 4) {
    barrier();
    for (int64_t quad = thread_index(); quad < count / 4; quad += block_size()) {
      float* a = values + quad / stride * stride * 4 + quad % stride;
      const float first = a[0], second = a[stride], third = a[2 * stride], fourth = a[3 * stride];
      const float half = 0.5f * ((first + second) + (third + fourth));
      a[0] = half - fourth;
      a[stride] = half - third;
      a[2 * stride] = half - second;
      a[3 * stride] = half - first;
    }
  }
  barrier();
}

// A block a run of `rotation` columns.
template <typename From, typename To>
ZANIME_KERNEL void widen_rotated_kernel(StoredRows stored, const From* data, To* out) {
  const int64_t begin = block_index() * stored.rotation;
  const float scale =
      stored.row_scales != nullptr ? stored.row_scales[begin / stored.columns] : stored.scale;
  float* values = shared_floats();
  for (int64_t i = thread_index(); i < stored.rotation; i += block_size()) {
    values[i] = scale * to_float(data[begin + i]);
  }
  rotate_shared(values, stored.rotation, stored.rotation);
  for (int64_t i = thread_index(); i < stored.rotation; i += block_size()) {
    out[begin + i] = from_float<To>(values[i]);
  }
}

template <typename T>
ZANIME_DEVICE float largest_stored() {
  return std::is_same_v<T, int8_t> ? 127.0f : 448.0f;
}

template <typename To>
ZANIME_DEVICE To to_8_bits(float value) {
  if constexpr (std::is_same_v<To, int8_t>) {
    // Where the scale is NaN the number does not matter.
    return value == value ? static_cast<int8_t>(rintf(value)) : int8_t{0};
  } else {
    return from_float<To>(value);
  }
}

ZANIME_DEVICE float larger_magnitude(float most, float value) {
  const float magnitude = fabsf(value);
  return most > magnitude || most != most ? most : magnitude;
}

// The largest |x| of a row that is read in packs.
template <typename T, int kWidth>
ZANIME_DEVICE float row_max(const T* row, int64_t columns) {
  float most = 0.0f;
  for (int64_t i = thread_index() * kWidth; i < columns; i += block_size() * kWidth) {
    const auto pack = load<kWidth>(row + i);
    for (int k = 0; k < kWidth; ++k) most = larger_magnitude(most, to_float(pack.value[k]));
  }
  return block_max(most);
}

template <typename T, typename To, int kWidth>
ZANIME_DEVICE void store_row(const T* row, int64_t columns, float factor, To* out) {
  for (int64_t i = thread_index() * kWidth; i < columns; i += block_size() * kWidth) {
    const auto pack = load<kWidth>(row + i);
    Pack<To, kWidth> values;
    for (int k = 0; k < kWidth; ++k) {
      values.value[k] = to_8_bits<To>(to_float(pack.value[k]) * factor);
    }
    store<kWidth>(out + i, values);
  }
}

template <typename T, typename To, int kWidth>
ZANIME_KERNEL void quantize_kernel(const T* x, int64_t columns, float* scales, To* out) {
  const T* row = x + block_index() * columns;
  const float most = row_max<T, kWidth>(row, columns);
  const float factor = most > 0.0f ? largest_stored<To>() / most : 0.0f;
  store_row<T, To, kWidth>(row, columns, factor, out + block_index() * columns);
  if (thread_index() == 0) scales[block_index()] = most / largest_stored<To>();
}

template <typename T, typename To>
ZANIME_KERNEL void quantize_rotated_kernel(const T* x, int64_t columns, int64_t rotation,
                                           float* scales, To* out) {
  const T* row = x + block_index() * columns;
  float* values = shared_floats() + kReductionFloats;
  for (int64_t i = thread_index(); i < columns; i += block_size()) values[i] = to_float(row[i]);
  rotate_shared(values, columns, rotation);
  float most = 0.0f;
  for (int64_t i = thread_index(); i < columns; i += block_size()) {
    most = larger_magnitude(most, values[i]);
  }
  most = block_max(most);
  const float factor = most > 0.0f ? largest_stored<To>() / most : 0.0f;
  for (int64_t i = thread_index(); i < columns; i += block_size()) {
    out[block_index() * columns + i] = to_8_bits<To>(values[i] * factor);
  }
  if (thread_index() == 0) scales[block_index()] = most / largest_stored<To>();
}

template <typename T, int kWidth>
ZANIME_KERNEL void row_max_kernel(const T* x, int64_t columns, float* most) {
  const float value = row_max<T, kWidth>(x + block_index() * columns, columns);
  if (thread_index() == 0) most[block_index()] = value;
}

ZANIME_KERNEL void tensor_scale_kernel(const float* row_most, int64_t rows, float* scale) {
  const float most = row_max<float, 1>(row_most, rows);
  if (thread_index() == 0) *scale = most / largest_stored<F8E4M3>();
}

template <typename T, int kWidth>
ZANIME_KERNEL void quantize_by_scale_kernel(const T* x, int64_t columns, const float* scale,
                                            F8E4M3* out) {
  const float factor = *scale > 0.0f ? 1.0f / *scale : 0.0f;
  store_row<T, F8E4M3, kWidth>(x + block_index() * columns, columns, factor,
                               out + block_index() * columns);
}

template <typename T, int kWidth>
ZANIME_KERNEL void dequantize_kernel(RowsShape shape, const int32_t* products,
                                     const float* row_scales, const float* column_scales,
                                     const float* bias, bool add, T* out) {
  const int64_t i = (block_index() * block_size() + thread_index()) * kWidth;
  if (i >= shape.rows * shape.columns) return;
  const float row_scale = row_scales[i / shape.columns];
  const int64_t column = i % shape.columns;
  const auto pack = load<kWidth>(products + i);
  const auto scales = load<kWidth>(column_scales + column);
  Pack<T, kWidth> values{};
  Pack<float, kWidth> biases{};
  if (add) values = load<kWidth>(out + i);
  if (bias != nullptr) biases = load<kWidth>(bias + column);
  for (int k = 0; k < kWidth; ++k) {
    float value = row_scale * scales.value[k] * static_cast<float>(pack.value[k]) + biases.value[k];
    if (add) value += to_float(values.value[k]);
    values.value[k] = from_float<T>(value);
  }
  store<kWidth>(out + i, values);
}

Grid row_grid(int64_t rows, int64_t shared_floats = 0) {
  return {.blocks = rows,
          .threads = kThreads,
          .shared_bytes = static_cast<size_t>(kReductionFloats + shared_floats) * sizeof(float)};
}

}  // namespace

void widen(Stream stream, const StoredRows& stored, const void* data, DType dtype, void* out) {
  const int64_t count = stored.rows * stored.columns;
  if (count == 0) return;
  with_activation_type(dtype, [&](auto target) {
    using To = decltype(target);
    with_stored_type(stored.dtype, [&](auto source) {
      using From = decltype(source);
      if (stored.rotation != 0) {
        const Grid grid{.blocks = count / stored.rotation,
                        .threads = 2 * kWarp,
                        .shared_bytes = static_cast<size_t>(stored.rotation) * sizeof(float)};
        return launch(stream, grid, widen_rotated_kernel<From, To>, stored,
                      static_cast<const From*>(data), static_cast<To*>(out));
      }
      with_width<From>(stored.columns, [&](auto width) {
        constexpr int kWidth = decltype(width)::value;
        launch(stream, {.blocks = blocks_for(count / kWidth, kThreads), .threads = kThreads},
               widen_kernel<From, To, kWidth>, stored, static_cast<const From*>(data),
               static_cast<To*>(out));
      });
    });
  });
}

void quantize_rows(Stream stream, const RowsShape& shape, const void* x, DType to, int64_t rotation,
                   float* scales, void* out) {
  if (rotation != 0 && (shape.columns % rotation != 0 || shape.columns > kMostRotatedColumns)) {
    throw std::invalid_argument("rotating rows of " + std::to_string(shape.columns) +
                                " values by " + std::to_string(rotation));
  }
  if (shape.rows * shape.columns == 0) return;
  const auto quantize_to = [&](auto target) {
    using To = decltype(target);
    with_activation_type(shape.dtype, [&](auto source) {
      using T = decltype(source);
      if (rotation != 0) {
        return launch(stream, row_grid(shape.rows, shape.columns), quantize_rotated_kernel<T, To>,
                      static_cast<const T*>(x), shape.columns, rotation, scales,
                      static_cast<To*>(out));
      }
      with_width<T>(shape.columns, [&](auto width) {
        launch(stream, row_grid(shape.rows), quantize_kernel<T, To, decltype(width)::value>,
               static_cast<const T*>(x), shape.columns, scales, static_cast<To*>(out));
      });
    });
  };
  if (to == DType::kI8) return quantize_to(int8_t{});
  if (to == DType::kF8E4M3) return quantize_to(F8E4M3{});
  throw std::invalid_argument("a card does not quantise to " + std::string(dtype_name(to)));
}

void quantize_tensor(Stream stream, const RowsShape& shape, const void* x, float* row_scratch,
                     float* scale, void* out) {
  if (shape.rows * shape.columns == 0) return;
  with_activation_type(shape.dtype, [&](auto source) {
    using T = decltype(source);
    with_width<T>(shape.columns, [&](auto width) {
      constexpr int kWidth = decltype(width)::value;
      const auto* values = static_cast<const T*>(x);
      launch(stream, row_grid(shape.rows), row_max_kernel<T, kWidth>, values, shape.columns,
             row_scratch);
      launch(stream, row_grid(1), tensor_scale_kernel, row_scratch, shape.rows, scale);
      launch(stream, row_grid(shape.rows), quantize_by_scale_kernel<T, kWidth>, values,
             shape.columns, scale, static_cast<F8E4M3*>(out));
    });
  });
}

void dequantize_products(Stream stream, const RowsShape& shape, const int32_t* products,
                         const float* row_scales, const float* column_scales, const float* bias,
                         bool add, void* out) {
  const int64_t count = shape.rows * shape.columns;
  if (count == 0) return;
  with_activation_type(shape.dtype, [&](auto target) {
    using T = decltype(target);
    with_width<T>(shape.columns, [&](auto width) {
      constexpr int kWidth = decltype(width)::value;
      launch(stream, {.blocks = blocks_for(count / kWidth, kThreads), .threads = kThreads},
             dequantize_kernel<T, kWidth>, shape, products, row_scales, column_scales, bias, add,
             static_cast<T*>(out));
    });
  });
}

}  // namespace zanime::ops::cuda
