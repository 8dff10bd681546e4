#include <algorithm>
#include <cmath>
#include <string>

#include "ops/cuda/kernels/numbers.h"
#include "ops/cuda/kernels/pictures.h"

namespace zanime::ops::cuda {
namespace {

constexpr int kThreads = 256;
// Pixels that one block sums, at least; and pieces of a picture, at most.
constexpr int64_t kPiecePixels = 128;
constexpr int64_t kMostPieces = 512;

struct Pieces {
  int64_t pixels;  // of every piece but the last
  int64_t count;
};

Pieces pieces_of(int64_t pixels) {
  const int64_t each = std::max(kPiecePixels, blocks_for(pixels, kMostPieces));
  return {each, blocks_for(pixels, each)};
}

// Threads that share the pixels of a pack of channels.
ZANIME_DEVICE int64_t pixel_lanes(int64_t packs) {
  return packs < block_size() ? block_size() / packs : 1;
}

// A piece's mean and sum of squares around it, of every group: moments [items, pieces, 2, groups].
template <typename T, int kWidth>
ZANIME_KERNEL void moments_kernel(PictureShape shape, int64_t piece_pixels, int64_t groups,
                                  const T* x, float* moments) {
  const int64_t channels = shape.channels, packs = channels / kWidth;
  const int64_t lanes = pixel_lanes(packs);
  const int64_t begin = block_index() * piece_pixels;
  const int64_t end = begin + piece_pixels < shape.pixels ? begin + piece_pixels : shape.pixels;
  const T* picture = x + block_index_y() * shape.pixels * channels;
  float* sums = shared_floats();  // [lanes, channels]
  float* squares = sums + lanes * channels;

  const int64_t lane = packs < block_size() ? thread_index() / packs : 0;
  const int64_t first_pack = packs < block_size() ? thread_index() % packs : thread_index();
  for (int64_t pack = first_pack; lane < lanes && pack < packs; pack += block_size()) {
    float sum[kWidth] = {}, square[kWidth] = {};
    for (int64_t pixel = begin + lane; pixel < end; pixel += lanes) {
      const auto values = load<kWidth>(picture + pixel * channels + pack * kWidth);
      for (int k = 0; k < kWidth; ++k) {
        const float value = to_float(values.value[k]);
        sum[k] += value;
        square[k] += value * value;
      }
    }
    for (int k = 0; k < kWidth; ++k) {
      sums[lane * channels + pack * kWidth + k] = sum[k];
      squares[lane * channels + pack * kWidth + k] = square[k];
    }
  }
  barrier();
  const int64_t per_group = channels / groups;
  float* target = moments + (block_index_y() * grid_size() + block_index()) * 2 * groups;
  for (int64_t group = thread_index(); group < groups; group += block_size()) {
    double sum = 0, square = 0;
    for (int64_t row = 0; row < lanes; ++row) {
      for (int64_t c = group * per_group; c < (group + 1) * per_group; ++c) {
        sum += sums[row * channels + c];
        square += squares[row * channels + c];
      }
    }
    const double mean = sum / static_cast<double>((end - begin) * per_group);
    const double around = square - sum * mean;
    target[group] = static_cast<float>(mean);
    target[groups + group] = static_cast<float>(around > 0 || around != around ? around : 0);
  }
}

// A block a group and item: joins the pieces (Chan, Golub and LeVeque 1979).
ZANIME_KERNEL void factors_kernel(PictureShape shape, int64_t piece_pixels, int64_t pieces,
                                  const float* moments, const float* weight, const float* bias,
                                  float epsilon, float* factors) {
  const int64_t groups = grid_size(), group = block_index(), item = block_index_y();
  const int64_t per_group = shape.channels / groups;
  const float* own = moments + item * pieces * 2 * groups + group;
  const auto count_of = [&](int64_t piece) {
    const int64_t left = shape.pixels - piece * piece_pixels;
    return static_cast<float>((left < piece_pixels ? left : piece_pixels) * per_group);
  };
  const float count = static_cast<float>(shape.pixels * per_group);
  float sum = 0.0f;
  for (int64_t piece = thread_index(); piece < pieces; piece += block_size()) {
    sum += own[piece * 2 * groups] * (count_of(piece) / count);
  }
  const float mean = block_sum(sum);
  float around = 0.0f;
  for (int64_t piece = thread_index(); piece < pieces; piece += block_size()) {
    const float away = own[piece * 2 * groups] - mean;
    around += own[piece * 2 * groups + groups] + count_of(piece) * away * away;
  }
  const float inverse = 1.0f / sqrtf(block_sum(around) / count + epsilon);
  float* factor = factors + item * 2 * shape.channels;
  for (int64_t i = thread_index(); i < per_group; i += block_size()) {
    const int64_t c = group * per_group + i;
    factor[c] = inverse * weight[c];
    factor[shape.channels + c] = bias[c] - mean * factor[c];
  }
}

template <typename T, int kWidth>
ZANIME_KERNEL void apply_kernel(PictureShape shape, const T* x, const float* factors,
                                bool with_silu, T* out) {
  const int64_t size = shape.pixels * shape.channels;  // of an item
  const int64_t i = (block_index() * block_size() + thread_index()) * kWidth;
  if (i >= size) return;
  const int64_t item = block_index_y();
  const float* factor = factors + item * 2 * shape.channels + i % shape.channels;
  auto pack = load<kWidth>(x + item * size + i);
  const auto scales = load<kWidth>(factor);
  const auto offsets = load<kWidth>(factor + shape.channels);
  for (int k = 0; k < kWidth; ++k) {
    float value = to_float(pack.value[k]) * scales.value[k] + offsets.value[k];
    if (with_silu) value = value / (1.0f + expf(-value));
    pack.value[k] = from_float<T>(value);
  }
  store<kWidth>(out + item * size + i, pack);
}

template <typename T, int kWidth>
ZANIME_KERNEL void upsample_kernel(int64_t rows, int64_t width, int64_t channels, const T* x,
                                   T* out) {
  const int64_t packs = channels / kWidth;
  const int64_t index = block_index() * block_size() + thread_index();
  if (index >= rows * width * packs) return;
  const int64_t row = index / (width * packs);  // of the source, items one behind the other
  const int64_t pixel = index / packs % width, channel = index % packs * kWidth;
  const auto pack = load<kWidth>(x + (row * width + pixel) * channels + channel);
  for (int64_t dy = 0; dy < 2; ++dy) {
    T* target = out + ((2 * row + dy) * 2 * width + 2 * pixel) * channels + channel;
    store<kWidth>(target, pack);
    store<kWidth>(target + channels, pack);
  }
}

template <typename T, int kWidth>
ZANIME_KERNEL void gather_patches_kernel(PatchesShape shape, const T* x, T* out) {
  const int64_t packs = shape.channels / kWidth;
  const int64_t taps = shape.kernel_height * shape.kernel_width;
  const int64_t index = block_index() * block_size() + thread_index();
  if (index >= shape.count * taps * packs) return;
  const int64_t channel = index % packs * kWidth, tap = index / packs % taps;
  const int64_t pixel = shape.first + index / packs / taps;
  const int64_t item = pixel / (shape.out_height * shape.out_width);
  const int64_t row = pixel / shape.out_width % shape.out_height * shape.stride +
                      tap / shape.kernel_width - shape.pad_before;
  const int64_t column =
      pixel % shape.out_width * shape.stride + tap % shape.kernel_width - shape.pad_before;
  Pack<T, kWidth> pack{};
  if (row >= 0 && row < shape.height && column >= 0 && column < shape.width) {
    pack = load<kWidth>(x + ((item * shape.height + row) * shape.width + column) * shape.channels +
                        channel);
  }
  store<kWidth>(out + index * kWidth, pack);
}

}  // namespace

void gather_patches(Stream stream, const PatchesShape& shape, const void* x, void* out) {
  const int64_t count = shape.count * shape.row_size();
  if (count == 0) return;
  with_activation_type(shape.dtype, [&](auto type) {
    using T = decltype(type);
    with_width<T>(shape.channels, [&](auto width) {
      constexpr int kWidth = decltype(width)::value;
      const Grid grid{.blocks = blocks_for(count / kWidth, kThreads), .threads = kThreads};
      launch(stream, grid, gather_patches_kernel<T, kWidth>, shape, static_cast<const T*>(x),
             static_cast<T*>(out));
    });
  });
}

int64_t group_norm_scratch(const PictureShape& shape, int64_t groups) {
  return shape.items * pieces_of(shape.pixels).count * 2 * groups;
}

void group_norm_factors(Stream stream, const PictureShape& shape, int64_t groups, const void* x,
                        const float* weight, const float* bias, float epsilon, float* scratch,
                        float* factors) {
  if (groups < 1 || shape.channels % groups != 0 || shape.channels > kMostChannels) {
    throw std::invalid_argument("group norm: " + std::to_string(groups) + " groups of " +
                                std::to_string(shape.channels) + " channels");
  }
  if (shape.size() == 0) return;
  const Pieces pieces = pieces_of(shape.pixels);
  with_activation_type(shape.dtype, [&](auto type) {
    using T = decltype(type);
    with_width<T>(shape.channels, [&](auto width) {
      constexpr int kWidth = decltype(width)::value;
      const int64_t packs = shape.channels / kWidth;
      const int64_t lanes = packs < kThreads ? kThreads / packs : 1;
      const Grid grid{
          .blocks = pieces.count,
          .blocks_y = shape.items,
          .threads = kThreads,
          .shared_bytes = static_cast<size_t>(2 * lanes * shape.channels) * sizeof(float)};
      launch(stream, grid, moments_kernel<T, kWidth>, shape, pieces.pixels, groups,
             static_cast<const T*>(x), scratch);
    });
  });
  const Grid grid{.blocks = groups,
                  .blocks_y = shape.items,
                  .threads = 128,
                  .shared_bytes = kReductionFloats * sizeof(float)};
  launch(stream, grid, factors_kernel, shape, pieces.pixels, pieces.count, scratch, weight, bias,
         epsilon, factors);
}

void group_norm_apply(Stream stream, const PictureShape& shape, const void* x, const float* factors,
                      bool with_silu, void* out) {
  if (shape.size() == 0) return;
  with_activation_type(shape.dtype, [&](auto type) {
    using T = decltype(type);
    with_width<T>(shape.channels, [&](auto width) {
      constexpr int kWidth = decltype(width)::value;
      const Grid grid{.blocks = blocks_for(shape.pixels * shape.channels / kWidth, kThreads),
                      .blocks_y = shape.items,
                      .threads = kThreads};
      launch(stream, grid, apply_kernel<T, kWidth>, shape, static_cast<const T*>(x), factors,
             with_silu, static_cast<T*>(out));
    });
  });
}

void upsample_nearest(Stream stream, DType dtype, int64_t items, int64_t height, int64_t width,
                      int64_t channels, const void* x, void* out) {
  if (items * height * width * channels == 0) return;
  with_activation_type(dtype, [&](auto type) {
    using T = decltype(type);
    with_width<T>(channels, [&](auto pack_width) {
      constexpr int kWidth = decltype(pack_width)::value;
      const Grid grid{.blocks = blocks_for(items * height * width * channels / kWidth, kThreads),
                      .threads = kThreads};
      launch(stream, grid, upsample_kernel<T, kWidth>, items * height, width, channels,
             static_cast<const T*>(x), static_cast<T*>(out));
    });
  });
}

}  // namespace zanime::ops::cuda
