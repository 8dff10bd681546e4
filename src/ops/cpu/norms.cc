#include "ops/cpu/norms.h"

#include <cmath>
#include <stdexcept>
#include <vector>

#include "base/parallel.h"
#include "ops/cpu/parameter.h"

namespace zanime::ops::cpu {
namespace {

// Pixels a thread takes at a time.
constexpr int64_t kPixelGrain = 256;

// Rows a thread takes at a time.
constexpr int64_t kRowGrain = 16;

void check_channels(const char* operation, const Tensor& x, const Tensor& vector) {
  if (x.rank() == 0 || vector.size() != x.dim(-1)) {
    throw std::invalid_argument(std::string(operation) + ": " + vector.shape().to_string() +
                                " does not fit " + x.shape().to_string());
  }
}

template <typename Body>  // body(row index)
void for_each_row(const Tensor& x, const Body& body) {
  parallel_for_ranges(x.size() / x.dim(-1), kRowGrain, [&](int64_t begin, int64_t end) {
    for (int64_t row = begin; row < end; ++row) body(row);
  });
}

}  // namespace

Tensor rms_norm(const RowKernels& kernels, const Tensor& x, const Tensor& weight, float epsilon,
                const Tensor& scale) {
  check_channels("rms_norm", x, weight);
  if (!scale.empty()) check_channels("rms_norm", x, scale);
  const int64_t n = x.dim(-1);
  Tensor out(x.shape());
  for_each_row(x, [&](int64_t row) {
    kernels.rms_norm(x.data() + row * n, weight.data(), scale.data(), epsilon, out.data() + row * n,
                     n);
  });
  return out;
}

Tensor layer_norm(const RowKernels& kernels, const Tensor& x, float epsilon, const Tensor& scale) {
  check_channels("layer_norm", x, scale);
  const int64_t n = x.dim(-1);
  Tensor out(x.shape());
  for_each_row(x, [&](int64_t row) {
    kernels.layer_norm(x.data() + row * n, scale.data(), epsilon, out.data() + row * n, n);
  });
  return out;
}

void gated_norm_add(const RowKernels& kernels, Tensor& sum, const Tensor& x, const Tensor& weight,
                    float epsilon, const Tensor& gate) {
  check_channels("gated_norm_add", x, weight);
  if (sum.size() != x.size()) {
    throw std::invalid_argument("gated_norm_add: " + x.shape().to_string() + " onto " +
                                sum.shape().to_string());
  }
  const int64_t n = x.dim(-1);
  std::vector<float> factors;
  for (float value : gate.values()) factors.push_back(std::tanh(value));
  const float* factor = factors.empty() ? nullptr : factors.data();
  for_each_row(x, [&](int64_t row) {
    kernels.norm_add(x.data() + row * n, weight.data(), factor, epsilon, sum.data() + row * n, n);
  });
}

void head_norm_rope(const RowKernels& kernels, Tensor& qkv, const AttentionLayout& layout,
                    const Tensor& query_weight, const Tensor& key_weight, float epsilon,
                    const HostRope& rope) {
  const int64_t n = layout.head_dim;
  if (qkv.size() != layout.batch * layout.tokens * layout.row_size() ||
      rope.cos.size() != layout.tokens * n / 2 || query_weight.size() != n ||
      key_weight.size() != n) {
    throw std::invalid_argument("head_norm_rope on " + qkv.shape().to_string());
  }
  const auto apply = rope.pairs == RopePairs::kHalfSplit ? kernels.head_norm_rope_half
                                                         : kernels.head_norm_rope_pairs;
  const Tensor rows = qkv.reshaped({layout.batch * layout.tokens, layout.row_size()});
  for_each_row(rows, [&](int64_t row) {
    const int64_t token = row % layout.tokens;
    const float* cos = rope.cos.data() + token * n / 2;
    const float* sin = rope.sin.data() + token * n / 2;
    float* head = qkv.data() + row * layout.row_size();
    for (int64_t i = 0; i < layout.query_heads; ++i, head += n) {
      apply(head, query_weight.data(), epsilon, cos, sin, n);
    }
    for (int64_t i = 0; i < layout.kv_heads; ++i, head += n) {
      apply(head, key_weight.data(), epsilon, cos, sin, n);
    }
  });
}

Tensor group_norm_factors(const RowKernels& kernels, const Tensor& x, const GroupNorm& norm) {
  const Tensor weight = parameter(kernels, norm.weight), bias = parameter(kernels, norm.bias);
  check_channels("group_norm", x, weight);
  check_channels("group_norm", x, bias);
  const int64_t channels = x.dim(-1);
  if (channels % norm.groups != 0) {
    throw std::invalid_argument("group_norm: " + std::to_string(norm.groups) + " groups of " +
                                std::to_string(channels) + " channels");
  }
  const int64_t per_group = channels / norm.groups;
  const int64_t pixels = x.size() / x.dim(0) / channels;
  // Sums are taken per piece of a fixed number of pixels and added in order, so that they do not
  // depend on the number of threads.
  const int64_t pieces = (pixels + kPixelGrain - 1) / kPixelGrain;
  Tensor factors(Shape{x.dim(0), 2, channels});
  std::vector<double> moments(static_cast<size_t>(pieces * 2 * channels));

  for (int64_t item = 0; item < x.dim(0); ++item) {
    const float* in = x.data() + item * pixels * channels;
    float* factor = factors.data() + item * 2 * channels;
    float* offset = factor + channels;
    std::fill(moments.begin(), moments.end(), 0.0);
    parallel_for_ranges(pixels, kPixelGrain, [&](int64_t begin, int64_t end) {
      double* sum = moments.data() + begin / kPixelGrain * 2 * channels;
      for (int64_t pixel = begin; pixel < end; ++pixel) {
        kernels.accumulate_moments(in + pixel * channels, sum, sum + channels, channels);
      }
    });
    for (int64_t group = 0; group < norm.groups; ++group) {
      double sum = 0;
      double squares = 0;
      for (int64_t piece = 0; piece < pieces; ++piece) {
        const double* piece_sums = moments.data() + piece * 2 * channels;
        for (int64_t c = group * per_group; c < (group + 1) * per_group; ++c) {
          sum += piece_sums[c];
          squares += piece_sums[channels + c];
        }
      }
      const double count = static_cast<double>(pixels * per_group);
      const double mean = sum / count;
      const double variance = std::max(squares / count - mean * mean, 0.0);
      const double inverse = 1.0 / std::sqrt(variance + norm.epsilon);
      for (int64_t c = group * per_group; c < (group + 1) * per_group; ++c) {
        const double scaled = inverse * weight.data()[c];
        factor[c] = static_cast<float>(scaled);
        offset[c] = static_cast<float>(bias.data()[c] - mean * scaled);
      }
    }
  }
  return factors;
}

Tensor group_norm(const RowKernels& kernels, const Tensor& x, const GroupNorm& norm) {
  const Tensor factors = group_norm_factors(kernels, x, norm);
  const int64_t channels = x.dim(-1);
  const int64_t pixels = x.size() / x.dim(0) / channels;
  Tensor out(x.shape());
  parallel_for_ranges(x.dim(0) * pixels, kPixelGrain, [&](int64_t begin, int64_t end) {
    for (int64_t pixel = begin; pixel < end; ++pixel) {
      const float* factor = factors.data() + pixel / pixels * 2 * channels;
      kernels.affine(x.data() + pixel * channels, factor, factor + channels, /*with_silu=*/false,
                     out.data() + pixel * channels, channels);
    }
  });
  return out;
}

}  // namespace zanime::ops::cpu
