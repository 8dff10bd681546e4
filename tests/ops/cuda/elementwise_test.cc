// Kernels that work value by value, against plain loops.
#include "ops/cuda/kernels/elementwise.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "tests/ops/cuda/test_device.h"

namespace zanime::ops::cuda {
namespace {

// Below and above a pack and a block.
constexpr size_t kCounts[] = {1, 5, 8, 255, 2056, 4099};

class CudaElementwise : public ::testing::TestWithParam<DType> {
 protected:
  DType dtype = GetParam();
};

INSTANTIATE_TEST_SUITE_P(Types, CudaElementwise, ::testing::Values(DType::kF32, DType::kBF16),
                         [](const auto& test) { return std::string(dtype_name(test.param)); });

double silu_of(double x) { return x / (1 + std::exp(-x)); }

TEST_P(CudaElementwise, SiluIsItsDefinitionAlsoFarOut) {
  for (size_t count : kCounts) {
    std::vector<float> x = rounded(dtype, random_values(count, 1, 100.0f));
    const DeviceArray in(dtype, x), out(dtype, count);
    silu(test_stream(), dtype, static_cast<int64_t>(count), in.data(), out.data());
    std::vector<double> expected;
    for (float value : x) expected.push_back(silu_of(value));
    EXPECT_LT(relative_difference(out.values(), expected), tolerance(dtype)) << count;
  }
}

TEST_P(CudaElementwise, SiluMultiplyAndAdd) {
  for (size_t count : kCounts) {
    const std::vector<float> a = rounded(dtype, random_values(count, 1, 4.0f)),
                             b = rounded(dtype, random_values(count, 2));
    const DeviceArray product(dtype, a), sum(dtype, a), wide(DType::kF32, a), other(dtype, b);
    silu_multiply(test_stream(), dtype, static_cast<int64_t>(count), product.data(), other.data());
    add(test_stream(), dtype, static_cast<int64_t>(count), dtype, sum.data(), other.data());
    add(test_stream(), dtype, static_cast<int64_t>(count), DType::kF32, wide.data(), other.data());
    std::vector<double> products, sums;
    for (size_t i = 0; i < count; ++i) {
      products.push_back(silu_of(a[i]) * b[i]);
      sums.push_back(double{a[i]} + b[i]);
    }
    EXPECT_LT(relative_difference(product.values(), products), tolerance(dtype)) << count;
    EXPECT_LT(relative_difference(sum.values(), sums), tolerance(dtype)) << count;
    EXPECT_LT(relative_difference(wide.values(), sums), tolerance(DType::kF32)) << count;
  }
}

TEST_P(CudaElementwise, ScaledSumsAndAttentionOfUpscalers) {
  for (size_t count : kCounts) {
    const std::vector<float> a = rounded(dtype, random_values(count, 1, 4.0f)),
                             b = rounded(dtype, random_values(count, 2));
    const DeviceArray sum(dtype, a), x(dtype, a), other(dtype, b), out(dtype, count);
    const DeviceArray wide_other(DType::kF32, b), wide_out(dtype, count);
    const auto size = static_cast<int64_t>(count);
    add(test_stream(), dtype, size, dtype, sum.data(), other.data(), -0.25f);
    sigmoid_attention(test_stream(), dtype, size, x.data(), dtype, other.data(), out.data());
    sigmoid_attention(test_stream(), dtype, size, x.data(), DType::kF32, wide_other.data(),
                      wide_out.data());
    std::vector<double> sums, attended;
    for (size_t i = 0; i < count; ++i) {
      sums.push_back(a[i] - 0.25 * b[i]);
      attended.push_back((double{a[i]} + b[i]) * (1 / (1 + std::exp(-double{a[i]})) - 0.5));
    }
    EXPECT_LT(relative_difference(sum.values(), sums), tolerance(dtype)) << count;
    EXPECT_LT(relative_difference(out.values(), attended), tolerance(dtype)) << count;
    EXPECT_EQ(out.values(), wide_out.values()) << count;
  }
}

TEST_P(CudaElementwise, NegativesAreScaledByTheirColumn) {
  for (int64_t columns : {3, 16}) {
    const std::vector<float> x = rounded(dtype, random_values(11 * columns, 1)),
                             slopes = random_values(columns, 2);
    const DeviceArray one(dtype, x), each(dtype, x), factors(DType::kF32, slopes);
    prelu(test_stream(), {dtype, 11, columns}, one.data(), nullptr, 0.2f);
    prelu(test_stream(), {dtype, 11, columns}, each.data(), factors.floats(), 0.0f);
    std::vector<double> leaky, by_column;
    for (int64_t i = 0; i < 11 * columns; ++i) {
      const double v = x[i];
      leaky.push_back(v > 0 ? v : 0.2 * v);
      by_column.push_back(v > 0 ? v : slopes[i % columns] * v);
    }
    EXPECT_LT(relative_difference(one.values(), leaky), tolerance(dtype)) << columns;
    EXPECT_LT(relative_difference(each.values(), by_column), tolerance(dtype)) << columns;
  }
}

TEST_P(CudaElementwise, ColumnsAreCopiedBesideOthers) {
  const std::vector<float> x = rounded(dtype, random_values(4 * 3, 1));
  const DeviceArray from(dtype, x);
  const DeviceArray to(dtype, std::vector<float>(4 * 8, 7.0f));
  copy_columns(test_stream(), {dtype, 4, 3}, from.data(), 8, 2, to.data());
  const std::vector<float> result = to.values();
  for (int64_t i = 0; i < 4 * 8; ++i) {
    const int64_t column = i % 8 - 2;
    EXPECT_EQ(result[i], column >= 0 && column < 3 ? x[i / 8 * 3 + column] : 7.0f) << i;
  }
}

// A card does not read packs that begin between their multiples.
TEST_P(CudaElementwise, RowsOfAMatrixBeginAnywhere) {
  constexpr size_t kRow = 6, kRows = 4;
  const std::vector<float> x = rounded(dtype, random_values(kRow * (kRows + 1), 1));
  const DeviceArray in(dtype, x), out(dtype, kRow * (kRows + 1));
  const auto second_row = [&](const DeviceArray& array) {
    return static_cast<std::byte*>(array.data()) + dtype_bytes(dtype, kRow);
  };
  silu(test_stream(), dtype, kRow * kRows, second_row(in), second_row(out));
  const std::vector<float> values = out.values();
  for (size_t i = kRow; i < x.size(); ++i) {
    EXPECT_NEAR(values[i], silu_of(x[i]), tolerance(dtype)) << i;
  }
}

TEST_P(CudaElementwise, BiasIsAddedToEveryRow) {
  for (int64_t columns : {1, 7, 264}) {
    const std::vector<float> x = rounded(dtype, random_values(5 * columns, 1));
    const std::vector<float> bias = random_values(columns, 2);
    const DeviceArray rows(dtype, x), biases(DType::kF32, bias);
    add_bias(test_stream(), {dtype, 5, columns}, rows.data(), biases.floats());
    std::vector<double> expected;
    for (int64_t i = 0; i < 5 * columns; ++i) expected.push_back(double{x[i]} + bias[i % columns]);
    EXPECT_LT(relative_difference(rows.values(), expected), tolerance(dtype)) << columns;
  }
}

TEST_P(CudaElementwise, ConversionRoundsToNearest) {
  for (DType to : {DType::kF32, DType::kBF16}) {
    const std::vector<float> x = rounded(dtype, random_values(1003, 1));
    const DeviceArray in(dtype, x), out(to, x.size());
    convert(test_stream(), dtype, to, 1003, in.data(), out.data());
    EXPECT_EQ(out.values(), rounded(to, x));
  }
}

TEST_P(CudaElementwise, RowsAreCopiedBehindOthersAndRepeated) {
  for (int64_t columns : {3, 16}) {
    // Two items of 3 rows go to rows [1, 4) of items of 6; one row fills [4, 6) of both.
    const std::vector<float> x = rounded(dtype, random_values(6 * columns, 1)),
                             pad = rounded(dtype, random_values(2 * columns, 2));
    const DeviceArray rows(dtype, x), fill(dtype, pad);
    const DeviceArray out(dtype, std::vector<float>(12 * columns, 7.0f));
    copy_rows(test_stream(),
              {.dtype = dtype,
               .items = 2,
               .rows = 3,
               .columns = columns,
               .from_rows = 3,
               .to_rows = 6,
               .to_first = 1},
              rows.data(), out.data());
    copy_rows(test_stream(),
              {.dtype = dtype,
               .items = 2,
               .rows = 2,
               .columns = columns,
               .from_first = 1,
               .from_step = 0,
               .to_rows = 6,
               .to_first = 4},
              fill.data(), out.data());
    std::vector<float> expected;
    for (int64_t item = 0; item < 2; ++item) {
      for (int64_t row = 0; row < 6; ++row) {
        for (int64_t c = 0; c < columns; ++c) {
          const float filled = row == 0 ? 7.0f : pad[columns + c];
          expected.push_back(row >= 1 && row < 4 ? x[(item * 3 + row - 1) * columns + c] : filled);
        }
      }
    }
    EXPECT_EQ(out.values(), expected);
  }
}

TEST_P(CudaElementwise, RowsAreGathered) {
  const std::vector<int32_t> ids = {4, 0, 4, 2};
  for (int64_t columns : {5, 72}) {
    const std::vector<float> table = rounded(dtype, random_values(5 * columns, 1));
    const DeviceArray in(dtype, table), out(dtype, ids.size() * columns);
    const DeviceBytes indices(ids.data(), ids.size() * sizeof(int32_t));
    gather_rows(test_stream(), dtype, columns, in.data(),
                static_cast<const int32_t*>(indices.data()), 4, out.data());
    std::vector<float> expected;
    for (int32_t id : ids) {
      expected.insert(expected.end(), table.begin() + id * columns,
                      table.begin() + (id + 1) * columns);
    }
    EXPECT_EQ(out.values(), expected);
  }
}

}  // namespace
}  // namespace zanime::ops::cuda
