#include <algorithm>
#include <cmath>

#include "ops/cuda/kernels/norms.h"
#include "ops/cuda/kernels/numbers.h"

namespace zanime::ops::cuda {
namespace {

constexpr int kMostRowThreads = 256;

// A block a row: as many warps as find work in it.
template <int kWidth>
Grid row_grid(const RowsShape& shape) {
  const int64_t warps = blocks_for(shape.columns / kWidth, kWarp);
  return {.blocks = shape.rows,
          .threads = static_cast<int>(std::clamp<int64_t>(warps * kWarp, kWarp, kMostRowThreads)),
          .shared_bytes = kReductionFloats * sizeof(float)};
}

// The block's row of a matrix.
template <typename T>
ZANIME_DEVICE T* own_row(T* rows, int64_t columns) {
  return rows + block_index() * columns;
}

// The sum over the row of (x - offset)^2.
template <typename T, int kWidth>
ZANIME_DEVICE float row_squares(const T* row, int64_t columns, float offset) {
  float sum = 0.0f;
  for (int64_t i = thread_index() * kWidth; i < columns; i += block_size() * kWidth) {
    const auto pack = load<kWidth>(row + i);
    for (int k = 0; k < kWidth; ++k) {
      const float value = to_float(pack.value[k]) - offset;
      sum += value * value;
    }
  }
  return block_sum(sum);
}

template <typename T, int kWidth>
ZANIME_DEVICE float row_mean(const T* row, int64_t columns) {
  float sum = 0.0f;
  for (int64_t i = thread_index() * kWidth; i < columns; i += block_size() * kWidth) {
    const auto pack = load<kWidth>(row + i);
    for (int k = 0; k < kWidth; ++k) sum += to_float(pack.value[k]);
  }
  return block_sum(sum) / static_cast<float>(columns);
}

ZANIME_DEVICE float inverse_root(float squares, int64_t columns, float epsilon) {
  return 1.0f / sqrtf(squares / static_cast<float>(columns) + epsilon);
}

template <typename T, typename To, int kWidth>
ZANIME_KERNEL void rms_norm_kernel(const T* x, const float* weight, const float* scale,
                                   float epsilon, int64_t columns, To* out) {
  const T* row = own_row(x, columns);
  To* target = own_row(out, columns);
  const float factor = inverse_root(row_squares<T, kWidth>(row, columns, 0.0f), columns, epsilon);
  for (int64_t i = thread_index() * kWidth; i < columns; i += block_size() * kWidth) {
    const auto pack = load<kWidth>(row + i);
    const auto weights = load<kWidth>(weight + i);
    Pack<float, kWidth> scales{};
    if (scale != nullptr) scales = load<kWidth>(scale + i);
    Pack<To, kWidth> result;
    for (int k = 0; k < kWidth; ++k) {
      const float value = to_float(pack.value[k]) * factor * weights.value[k];
      result.value[k] = from_float<To>(value * (1.0f + scales.value[k]));
    }
    store<kWidth>(target + i, result);
  }
}

template <typename T, typename To, int kWidth>
ZANIME_KERNEL void layer_norm_kernel(const T* x, const float* scale, float epsilon, int64_t columns,
                                     To* out) {
  const T* row = own_row(x, columns);
  To* target = own_row(out, columns);
  const float mean = row_mean<T, kWidth>(row, columns);
  const float factor = inverse_root(row_squares<T, kWidth>(row, columns, mean), columns, epsilon);
  for (int64_t i = thread_index() * kWidth; i < columns; i += block_size() * kWidth) {
    const auto pack = load<kWidth>(row + i);
    const auto scales = load<kWidth>(scale + i);
    Pack<To, kWidth> result;
    for (int k = 0; k < kWidth; ++k) {
      const float value = (to_float(pack.value[k]) - mean) * factor;
      result.value[k] = from_float<To>(value * (1.0f + scales.value[k]));
    }
    store<kWidth>(target + i, result);
  }
}

template <typename T, typename Sum, int kWidth>
ZANIME_KERNEL void gated_norm_add_kernel(const T* x, const float* weight, const float* gate,
                                         float epsilon, int64_t columns, Sum* sum) {
  const T* row = own_row(x, columns);
  Sum* target = own_row(sum, columns);
  const float factor = inverse_root(row_squares<T, kWidth>(row, columns, 0.0f), columns, epsilon);
  for (int64_t i = thread_index() * kWidth; i < columns; i += block_size() * kWidth) {
    const auto pack = load<kWidth>(row + i);
    const auto weights = load<kWidth>(weight + i);
    Pack<float, kWidth> gates{};
    if (gate != nullptr) gates = load<kWidth>(gate + i);
    auto sums = load<kWidth>(target + i);
    for (int k = 0; k < kWidth; ++k) {
      float value = to_float(pack.value[k]) * factor * weights.value[k];
      if (gate != nullptr) value *= tanhf(gates.value[k]);
      sums.value[k] = from_float<Sum>(to_float(sums.value[k]) + value);
    }
    store<kWidth>(target + i, sums);
  }
}

template <typename To>
ZANIME_KERNEL void softmax_kernel(SoftmaxShape shape, const float* x, To* out) {
  const float* row = own_row(x, shape.columns);
  To* target = own_row(out, shape.columns);
  const int64_t before = shape.first_visible + block_index() % shape.period;
  const int64_t visible = shape.causal && before < shape.visible ? before : shape.visible;
  float most = -INFINITY;
  for (int64_t i = thread_index(); i < visible; i += block_size()) {
    most = row[i] > most || row[i] != row[i] ? row[i] : most;
  }
  most = block_max(most);
  float sum = 0.0f;
  for (int64_t i = thread_index(); i < visible; i += block_size()) {
    sum += expf(shape.scale * (row[i] - most));
  }
  const float factor = 1.0f / block_sum(sum);
  for (int64_t i = thread_index(); i < shape.columns; i += block_size()) {
    const float value = i < visible ? expf(shape.scale * (row[i] - most)) * factor : 0.0f;
    target[i] = from_float<To>(value);
  }
}

// A warp takes a head; a lane keeps its pairs in registers between the sum and the rotation.
constexpr int kHeadsABlock = 8;
constexpr int64_t kUsualHead = 128;

// The two values of a pair, which lie together or half a head apart.
template <typename T>
ZANIME_DEVICE Pack<T, 2> load_pair(const T* head, int64_t pair, int64_t half, bool interleaved) {
  if (interleaved) return load<2>(head + 2 * pair);
  return {{head[pair], head[pair + half]}};
}

template <typename T>
ZANIME_DEVICE void store_pair(T* head, int64_t pair, int64_t half, bool interleaved,
                              const Pack<T, 2>& values) {
  if (interleaved) return store<2>(head + 2 * pair, values);
  head[pair] = values.value[0];
  head[pair + half] = values.value[1];
}

template <typename T, int kPairsALane>
ZANIME_KERNEL void head_norm_rope_kernel(HeadsShape shape, T* qkv, const float* query_weight,
                                         const float* key_weight, float epsilon,
                                         const float* cosines, const float* sines) {
  const int64_t heads = shape.query_heads + shape.key_heads;
  const int64_t index = block_index() * kHeadsABlock + thread_index() / kWarp;
  const int lane = thread_index() % kWarp;
  // A warp behind the last head has no value to add, but takes part in its own sum.
  const bool has_head = index < shape.rows * heads;
  const int64_t row = has_head ? index / heads : 0;
  const int64_t head = has_head ? index % heads : 0;
  const float* weight = head < shape.query_heads ? query_weight : key_weight;
  T* values = qkv + row * shape.row_size + head * shape.head_dim;
  const int64_t half = shape.head_dim / 2;
  const bool interleaved = shape.pairs_interleaved;

  float first[kPairsALane], second[kPairsALane];
  float squares = 0.0f;
  for (int k = 0; k < kPairsALane; ++k) {
    const int64_t pair = lane + k * kWarp;
    first[k] = second[k] = 0.0f;
    if (!has_head || pair >= half) continue;
    const auto both = load_pair(values, pair, half, interleaved);
    first[k] = to_float(both.value[0]);
    second[k] = to_float(both.value[1]);
    squares += first[k] * first[k] + second[k] * second[k];
  }
  const float factor = inverse_root(warp_sum(squares), shape.head_dim, epsilon);
  const int64_t angles = row % shape.tokens * half;
  for (int k = 0; k < kPairsALane; ++k) {
    const int64_t pair = lane + k * kWarp;
    if (!has_head || pair >= half) continue;
    const auto weights = load_pair(weight, pair, half, interleaved);
    const float a = first[k] * factor * weights.value[0];
    const float b = second[k] * factor * weights.value[1];
    const float cosine = cosines[angles + pair], sine = sines[angles + pair];
    store_pair(values, pair, half, interleaved,
               {{from_float<T>(a * cosine - b * sine), from_float<T>(b * cosine + a * sine)}});
  }
}

// Calls body(T{}, To{}, integral_constant<int, W>{}) unless there is nothing to do.
template <typename Body>
void for_rows(const RowsShape& shape, DType to, const Body& body) {
  if (shape.rows == 0 || shape.columns == 0) return;
  with_activation_type(shape.dtype, [&](auto type) {
    with_activation_type(to, [&](auto target) {
      with_width<decltype(type)>(shape.columns, [&](auto width) { body(type, target, width); });
    });
  });
}

}  // namespace

void rms_norm(Stream stream, const RowsShape& shape, const void* x, const float* weight,
              const float* scale, float epsilon, DType to, void* out) {
  for_rows(shape, to, [&](auto type, auto target, auto width) {
    using T = decltype(type);
    using To = decltype(target);
    constexpr int kWidth = decltype(width)::value;
    launch(stream, row_grid<kWidth>(shape), rms_norm_kernel<T, To, kWidth>,
           static_cast<const T*>(x), weight, scale, epsilon, shape.columns, static_cast<To*>(out));
  });
}

void layer_norm(Stream stream, const RowsShape& shape, const void* x, const float* scale,
                float epsilon, DType to, void* out) {
  for_rows(shape, to, [&](auto type, auto target, auto width) {
    using T = decltype(type);
    using To = decltype(target);
    constexpr int kWidth = decltype(width)::value;
    launch(stream, row_grid<kWidth>(shape), layer_norm_kernel<T, To, kWidth>,
           static_cast<const T*>(x), scale, epsilon, shape.columns, static_cast<To*>(out));
  });
}

void gated_norm_add(Stream stream, const RowsShape& shape, const void* x, const float* weight,
                    const float* gate, float epsilon, DType sum_type, void* sum) {
  for_rows(shape, sum_type, [&](auto type, auto target, auto width) {
    using T = decltype(type);
    using Sum = decltype(target);
    constexpr int kWidth = decltype(width)::value;
    launch(stream, row_grid<kWidth>(shape), gated_norm_add_kernel<T, Sum, kWidth>,
           static_cast<const T*>(x), weight, gate, epsilon, shape.columns, static_cast<Sum*>(sum));
  });
}

void softmax(Stream stream, const SoftmaxShape& shape, const float* x, DType to, void* out) {
  if (shape.rows == 0 || shape.columns == 0) return;
  with_activation_type(to, [&](auto target) {
    using To = decltype(target);
    launch(stream, row_grid<1>({DType::kF32, shape.rows, shape.columns}), softmax_kernel<To>, shape,
           x, static_cast<To*>(out));
  });
}

void head_norm_rope(Stream stream, const HeadsShape& shape, void* qkv, const float* query_weight,
                    const float* key_weight, float epsilon, const float* cosines,
                    const float* sines) {
  if (shape.head_dim > kLargestHead || shape.head_dim % 2 != 0) {
    throw std::invalid_argument("heads of " + std::to_string(shape.head_dim) + " values");
  }
  const int64_t heads = shape.rows * (shape.query_heads + shape.key_heads);
  if (heads == 0) return;
  const Grid grid{.blocks = blocks_for(heads, kHeadsABlock), .threads = kHeadsABlock * kWarp};
  with_activation_type(shape.dtype, [&](auto type) {
    using T = decltype(type);
    const auto kernel = shape.head_dim <= kUsualHead
                            ? head_norm_rope_kernel<T, kUsualHead / 2 / kWarp>
                            : head_norm_rope_kernel<T, kLargestHead / 2 / kWarp>;
    launch(stream, grid, kernel, shape, static_cast<T*>(qkv), query_weight, key_weight, epsilon,
           cosines, sines);
  });
}

}  // namespace zanime::ops::cuda
