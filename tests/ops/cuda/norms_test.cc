// Norm kernels against plain loops in double precision.
#include "ops/cuda/kernels/norms.h"

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include "tests/ops/cuda/test_device.h"

namespace zanime::ops::cuda {
namespace {

constexpr float kEpsilon = 1e-5f;

// Widths below, at and above a warp, a block and a pack; the last are those of the networks.
class CudaNorms : public ::testing::TestWithParam<std::tuple<DType, int64_t, int64_t>> {
 protected:
  DType dtype = std::get<0>(GetParam());
  DType other = dtype == DType::kF32 ? DType::kBF16 : DType::kF32;
  int64_t rows = std::get<1>(GetParam()), columns = std::get<2>(GetParam());
  RowsShape shape{dtype, rows, columns};
  size_t size = static_cast<size_t>(rows * columns), width = static_cast<size_t>(columns);
  std::vector<float> x = rounded(dtype, random_values(size, 1, 3.0f, 0.5f));
  std::vector<float> weight = random_values(width, 2), scale = random_values(width, 3);

  // Calls body(i, y) for every value: y = (x - offset) / sqrt(mean((x - offset)^2) + epsilon),
  // where the offset is the row's mean or 0.
  template <typename Body>
  void for_normed(bool centred, const Body& body) const {
    for (int64_t row = 0; row < rows; ++row) {
      const float* values = x.data() + row * columns;
      double mean = 0, squares = 0;
      for (int64_t i = 0; centred && i < columns; ++i) mean += values[i];
      mean /= static_cast<double>(columns);
      for (int64_t i = 0; i < columns; ++i) squares += (values[i] - mean) * (values[i] - mean);
      const double inverse = 1.0 / std::sqrt(squares / static_cast<double>(columns) + kEpsilon);
      for (int64_t i = 0; i < columns; ++i) body(row * columns + i, (values[i] - mean) * inverse);
    }
  }
};

INSTANTIATE_TEST_SUITE_P(Sizes, CudaNorms,
                         ::testing::Combine(::testing::Values(DType::kF32, DType::kBF16),
                                            ::testing::Values(1, 3),
                                            ::testing::Values(1, 7, 32, 40, 250, 1048, 2560, 3840)),
                         [](const auto& test) {
                           return std::string(dtype_name(std::get<0>(test.param))) + "x" +
                                  std::to_string(std::get<1>(test.param)) + "x" +
                                  std::to_string(std::get<2>(test.param));
                         });

TEST_P(CudaNorms, RmsNormIsItsDefinition) {
  const DeviceArray in(dtype, x), weights(DType::kF32, weight), scales(DType::kF32, scale);
  for (bool scaled : {false, true}) {
    const DType to = scaled ? dtype : other;
    const DeviceArray out(to, size);
    rms_norm(test_stream(), shape, in.data(), weights.floats(), scaled ? scales.floats() : nullptr,
             kEpsilon, to, out.data());
    std::vector<double> expected;
    for_normed(false, [&](int64_t i, double y) {
      const int64_t c = i % columns;
      expected.push_back(y * weight[c] * (scaled ? 1.0 + scale[c] : 1.0));
    });
    EXPECT_LT(relative_difference(out.values(), expected), tolerance(to));
  }
}

TEST_P(CudaNorms, LayerNormIsItsDefinition) {
  const DType to = other;
  const DeviceArray in(dtype, x), scales(DType::kF32, scale), out(to, size);
  layer_norm(test_stream(), shape, in.data(), scales.floats(), kEpsilon, to, out.data());
  std::vector<double> expected;
  for_normed(true,
             [&](int64_t i, double y) { expected.push_back(y * (1.0 + scale[i % columns])); });
  EXPECT_LT(relative_difference(out.values(), expected), tolerance(to));
}

TEST_P(CudaNorms, GatedNormAddIsItsDefinition) {
  const DeviceArray in(dtype, x), weights(DType::kF32, weight), gates(DType::kF32, scale);
  for (bool gated : {false, true}) {
    const DType to = gated ? dtype : other;
    const std::vector<float> before = rounded(to, random_values(size, 4));
    const DeviceArray sum(to, before);
    gated_norm_add(test_stream(), shape, in.data(), weights.floats(),
                   gated ? gates.floats() : nullptr, kEpsilon, to, sum.data());
    std::vector<double> expected;
    for_normed(false, [&](int64_t i, double y) {
      const double gate = gated ? std::tanh(double{scale[i % columns]}) : 1.0;
      expected.push_back(before[i] + y * weight[i % columns] * gate);
    });
    EXPECT_LT(relative_difference(sum.values(), expected), tolerance(to));
  }
}

TEST(CudaSoftmax, RowsBecomeProbabilitiesOfWhatTheySee) {
  for (int64_t columns : {2, 31, 300}) {
    const int64_t rows = 6, most_visible = columns - 1;
    const std::vector<float> x = random_values(rows * columns, 1, 40.0f);
    for (bool causal : {false, true}) {
      for (DType to : {DType::kF32, DType::kBF16}) {
        const SoftmaxShape shape{.rows = rows,
                                 .columns = columns,
                                 .visible = most_visible,
                                 .scale = 0.5f,
                                 .causal = causal,
                                 .first_visible = 2,
                                 .period = 3};
        const DeviceArray in(DType::kF32, x), out(to, x.size());
        softmax(test_stream(), shape, in.floats(), to, out.data());
        std::vector<double> expected;
        for (int64_t row = 0; row < rows; ++row) {
          const int64_t visible = causal ? std::min(most_visible, 2 + row % 3) : most_visible;
          const float* scores = x.data() + row * columns;
          const double most = *std::max_element(scores, scores + visible);
          double sum = 0;
          for (int64_t i = 0; i < visible; ++i) sum += std::exp(0.5 * (scores[i] - most));
          for (int64_t i = 0; i < columns; ++i) {
            expected.push_back(i < visible ? std::exp(0.5 * (scores[i] - most)) / sum : 0.0);
          }
        }
        EXPECT_LT(relative_difference(out.values(), expected), tolerance(to)) << columns;
      }
    }
  }
}

TEST(CudaRope, HeadsAreNormedAndRotatedAndValuesAreLeft) {
  for (DType dtype : {DType::kF32, DType::kBF16}) {
    for (int64_t head_dim : {int64_t{2}, int64_t{24}, int64_t{66}, int64_t{128}, int64_t{256}}) {
      for (bool interleaved : {false, true}) {
        // Two items of three tokens, two query heads, one key head, one value head.
        const HeadsShape shape{dtype, 6, 4 * head_dim, 3, 2, 1, head_dim, interleaved};
        const size_t size = static_cast<size_t>(shape.rows * shape.row_size);
        const int64_t half = head_dim / 2;
        const std::vector<float> before = rounded(dtype, random_values(size, 1));
        const std::vector<float> query = random_values(head_dim, 2),
                                 key = random_values(head_dim, 3);
        std::vector<float> cosines, sines;
        for (float angle : random_values(3 * half, 4, 3.0f)) {
          cosines.push_back(std::cos(angle));
          sines.push_back(std::sin(angle));
        }
        const DeviceArray qkv(dtype, before);
        const DeviceArray queries(DType::kF32, query), keys(DType::kF32, key);
        const DeviceArray cos(DType::kF32, cosines), sin(DType::kF32, sines);
        head_norm_rope(test_stream(), shape, qkv.data(), queries.floats(), keys.floats(), kEpsilon,
                       cos.floats(), sin.floats());

        std::vector<double> expected(before.begin(), before.end());
        for (int64_t row = 0; row < shape.rows; ++row) {
          for (int64_t head = 0; head < 3; ++head) {
            double* values = expected.data() + row * shape.row_size + head * head_dim;
            double squares = 0;
            for (int64_t i = 0; i < head_dim; ++i) squares += values[i] * values[i];
            for (int64_t i = 0; i < head_dim; ++i) {
              values[i] *= (head < 2 ? query : key)[i] / std::sqrt(squares / head_dim + kEpsilon);
            }
            for (int64_t i = 0; i < half; ++i) {
              double& a = values[interleaved ? 2 * i : i];
              double& b = values[interleaved ? 2 * i + 1 : i + half];
              const double c = cosines[row % 3 * half + i], s = sines[row % 3 * half + i];
              const double first = a, second = b;
              a = first * c - second * s;
              b = second * c + first * s;
            }
          }
        }
        EXPECT_LT(relative_difference(qkv.values(), expected), tolerance(dtype)) << head_dim;
      }
    }
  }
}

}  // namespace
}  // namespace zanime::ops::cuda
