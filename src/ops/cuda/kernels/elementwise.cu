#include <cmath>

#include "ops/cuda/kernels/elementwise.h"
#include "ops/cuda/kernels/numbers.h"

namespace zanime::ops::cuda {
namespace {

constexpr int kThreads = 256;

Grid value_grid(int64_t packs) {
  return {.blocks = blocks_for(packs, kThreads), .threads = kThreads};
}

// The number of this thread in its grid.
ZANIME_DEVICE int64_t own_index() { return block_index() * block_size() + thread_index(); }

ZANIME_DEVICE float silu_of(float x) { return x / (1.0f + expf(-x)); }

template <typename T, int kWidth>
ZANIME_KERNEL void silu_kernel(int64_t count, const T* x, T* out) {
  const int64_t i = own_index() * kWidth;
  if (i >= count) return;
  auto pack = load<kWidth>(x + i);
  for (int k = 0; k < kWidth; ++k) {
    pack.value[k] = from_float<T>(silu_of(to_float(pack.value[k])));
  }
  store<kWidth>(out + i, pack);
}

template <typename T, int kWidth>
ZANIME_KERNEL void silu_multiply_kernel(int64_t count, T* gate, const T* up) {
  const int64_t i = own_index() * kWidth;
  if (i >= count) return;
  auto pack = load<kWidth>(gate + i);
  const auto factors = load<kWidth>(up + i);
  for (int k = 0; k < kWidth; ++k) {
    pack.value[k] = from_float<T>(silu_of(to_float(pack.value[k])) * to_float(factors.value[k]));
  }
  store<kWidth>(gate + i, pack);
}

template <typename T, typename Sum, int kWidth>
ZANIME_KERNEL void add_kernel(int64_t count, Sum* sum, const T* x, float factor) {
  const int64_t i = own_index() * kWidth;
  if (i >= count) return;
  auto pack = load<kWidth>(sum + i);
  const auto other = load<kWidth>(x + i);
  for (int k = 0; k < kWidth; ++k) {
    pack.value[k] = from_float<Sum>(to_float(pack.value[k]) + factor * to_float(other.value[k]));
  }
  store<kWidth>(sum + i, pack);
}

template <typename T, int kWidth>
ZANIME_KERNEL void prelu_kernel(int64_t count, int64_t columns, T* x, const float* slopes,
                                float slope) {
  const int64_t i = own_index() * kWidth;
  if (i >= count) return;
  auto pack = load<kWidth>(x + i);
  for (int k = 0; k < kWidth; ++k) {
    const float value = to_float(pack.value[k]);
    const float factor = slopes == nullptr ? slope : slopes[(i + k) % columns];
    pack.value[k] = from_float<T>(value > 0.0f ? value : factor * value);
  }
  store<kWidth>(x + i, pack);
}

template <typename T, typename Residual, int kWidth>
ZANIME_KERNEL void sigmoid_attention_kernel(int64_t count, const T* x, const Residual* residual,
                                            T* out) {
  const int64_t i = own_index() * kWidth;
  if (i >= count) return;
  auto pack = load<kWidth>(x + i);
  const auto other = load<kWidth>(residual + i);
  for (int k = 0; k < kWidth; ++k) {
    const float value = to_float(pack.value[k]);
    const float attention = 1.0f / (1.0f + expf(-value)) - 0.5f;
    pack.value[k] = from_float<T>((value + to_float(other.value[k])) * attention);
  }
  store<kWidth>(out + i, pack);
}

template <typename T>
ZANIME_KERNEL void copy_columns_kernel(int64_t count, int64_t columns, const T* from,
                                       int64_t to_columns, int64_t to_first, T* to) {
  const int64_t i = own_index();
  if (i >= count) return;
  to[i / columns * to_columns + to_first + i % columns] = from[i];
}

template <typename T, int kWidth>
ZANIME_KERNEL void add_bias_kernel(int64_t count, int64_t columns, T* rows, const float* bias) {
  const int64_t i = own_index() * kWidth;
  if (i >= count) return;
  auto pack = load<kWidth>(rows + i);
  const auto other = load<kWidth>(bias + i % columns);
  for (int k = 0; k < kWidth; ++k) {
    pack.value[k] = from_float<T>(to_float(pack.value[k]) + other.value[k]);
  }
  store<kWidth>(rows + i, pack);
}

template <typename From, typename To, int kWidth>
ZANIME_KERNEL void convert_kernel(int64_t count, const From* x, To* out) {
  const int64_t i = own_index() * kWidth;
  if (i >= count) return;
  const auto pack = load<kWidth>(x + i);
  Pack<To, kWidth> result;
  for (int k = 0; k < kWidth; ++k) result.value[k] = from_float<To>(to_float(pack.value[k]));
  store<kWidth>(out + i, result);
}

template <typename T, int kWidth>
ZANIME_KERNEL void copy_rows_kernel(RowCopy copy, const T* from, T* to) {
  const int64_t packs = copy.columns / kWidth;
  const int64_t index = own_index();
  if (index >= copy.rows * packs) return;
  const int64_t row = index / packs, column = index % packs * kWidth;
  const int64_t item = block_index_y();
  const int64_t source = item * copy.from_rows + copy.from_first + row * copy.from_step;
  const int64_t target = item * copy.to_rows + copy.to_first + row;
  store<kWidth>(to + target * copy.columns + column,
                load<kWidth>(from + source * copy.columns + column));
}

template <typename T, int kWidth>
ZANIME_KERNEL void gather_rows_kernel(int64_t count, int64_t columns, const T* table,
                                      const int32_t* ids, T* out) {
  const int64_t i = own_index() * kWidth;
  if (i >= count * columns) return;
  store<kWidth>(out + i, load<kWidth>(table + ids[i / columns] * columns + i % columns));
}

// Calls body(T{}, integral_constant<int, W>{}): W divides `extent`. Nothing where count is 0.
template <typename Body>
void for_values(DType dtype, int64_t count, int64_t extent, const Body& body) {
  if (count == 0) return;
  with_activation_type(dtype, [&](auto type) {
    with_width<decltype(type)>(extent, [&](auto width) { body(type, width); });
  });
}

// `count` where both pointers may be read in packs, else 1: rows of a matrix may begin anywhere.
int64_t pack_extent(int64_t count, const void* a, const void* b) {
  const auto addresses = reinterpret_cast<uintptr_t>(a) | reinterpret_cast<uintptr_t>(b);
  return addresses % 16 == 0 ? count : 1;
}

}  // namespace

void silu(Stream stream, DType dtype, int64_t count, const void* x, void* out) {
  for_values(dtype, count, pack_extent(count, x, out), [&](auto type, auto width) {
    using T = decltype(type);
    constexpr int kWidth = decltype(width)::value;
    launch(stream, value_grid(count / kWidth), silu_kernel<T, kWidth>, count,
           static_cast<const T*>(x), static_cast<T*>(out));
  });
}

void silu_multiply(Stream stream, DType dtype, int64_t count, void* gate, const void* up) {
  for_values(dtype, count, pack_extent(count, gate, up), [&](auto type, auto width) {
    using T = decltype(type);
    constexpr int kWidth = decltype(width)::value;
    launch(stream, value_grid(count / kWidth), silu_multiply_kernel<T, kWidth>, count,
           static_cast<T*>(gate), static_cast<const T*>(up));
  });
}

void add(Stream stream, DType dtype, int64_t count, DType sum_type, void* sum, const void* x,
         float factor) {
  for_values(dtype, count, pack_extent(count, sum, x), [&](auto type, auto width) {
    using T = decltype(type);
    constexpr int kWidth = decltype(width)::value;
    with_activation_type(sum_type, [&](auto target) {
      using Sum = decltype(target);
      launch(stream, value_grid(count / kWidth), add_kernel<T, Sum, kWidth>, count,
             static_cast<Sum*>(sum), static_cast<const T*>(x), factor);
    });
  });
}

void prelu(Stream stream, const RowsShape& shape, void* x, const float* slopes, float slope) {
  const int64_t count = shape.rows * shape.columns;
  for_values(shape.dtype, count, count, [&](auto type, auto width) {
    using T = decltype(type);
    constexpr int kWidth = decltype(width)::value;
    launch(stream, value_grid(count / kWidth), prelu_kernel<T, kWidth>, count, shape.columns,
           static_cast<T*>(x), slopes, slope);
  });
}

void sigmoid_attention(Stream stream, DType dtype, int64_t count, const void* x,
                       DType residual_type, const void* residual, void* out) {
  for_values(dtype, count, count, [&](auto type, auto width) {
    using T = decltype(type);
    constexpr int kWidth = decltype(width)::value;
    with_activation_type(residual_type, [&](auto other) {
      using Residual = decltype(other);
      launch(stream, value_grid(count / kWidth), sigmoid_attention_kernel<T, Residual, kWidth>,
             count, static_cast<const T*>(x), static_cast<const Residual*>(residual),
             static_cast<T*>(out));
    });
  });
}

void add_bias(Stream stream, const RowsShape& shape, void* rows, const float* bias) {
  const int64_t count = shape.rows * shape.columns;
  for_values(shape.dtype, count, shape.columns, [&](auto type, auto width) {
    using T = decltype(type);
    constexpr int kWidth = decltype(width)::value;
    launch(stream, value_grid(count / kWidth), add_bias_kernel<T, kWidth>, count, shape.columns,
           static_cast<T*>(rows), bias);
  });
}

void convert(Stream stream, DType from, DType to, int64_t count, const void* x, void* out) {
  for_values(to, count, pack_extent(count, x, out), [&](auto type, auto width) {
    using To = decltype(type);
    constexpr int kWidth = decltype(width)::value;
    with_activation_type(from, [&](auto source) {
      using From = decltype(source);
      launch(stream, value_grid(count / kWidth), convert_kernel<From, To, kWidth>, count,
             static_cast<const From*>(x), static_cast<To*>(out));
    });
  });
}

void copy_rows(Stream stream, const RowCopy& copy, const void* from, void* to) {
  const int64_t count = copy.items * copy.rows * copy.columns;
  for_values(copy.dtype, count, copy.columns, [&](auto type, auto width) {
    using T = decltype(type);
    constexpr int kWidth = decltype(width)::value;
    Grid grid = value_grid(copy.rows * copy.columns / kWidth);
    grid.blocks_y = copy.items;
    launch(stream, grid, copy_rows_kernel<T, kWidth>, copy, static_cast<const T*>(from),
           static_cast<T*>(to));
  });
}

void copy_columns(Stream stream, const RowsShape& shape, const void* from, int64_t to_columns,
                  int64_t to_first, void* to) {
  const int64_t count = shape.rows * shape.columns;
  if (count == 0) return;
  with_activation_type(shape.dtype, [&](auto type) {
    using T = decltype(type);
    launch(stream, value_grid(count), copy_columns_kernel<T>, count, shape.columns,
           static_cast<const T*>(from), to_columns, to_first, static_cast<T*>(to));
  });
}

void gather_rows(Stream stream, DType dtype, int64_t columns, const void* table, const int32_t* ids,
                 int64_t count, void* out) {
  for_values(dtype, count * columns, columns, [&](auto type, auto width) {
    using T = decltype(type);
    constexpr int kWidth = decltype(width)::value;
    launch(stream, value_grid(count * columns / kWidth), gather_rows_kernel<T, kWidth>, count,
           columns, static_cast<const T*>(table), ids, static_cast<T*>(out));
  });
}

}  // namespace zanime::ops::cuda
