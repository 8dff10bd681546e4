// Kernels between weight files' numbers, activations and 8 bits, against the scalar conversions of
// base/dtype.h and weights/rotation.h.
#include "ops/cuda/kernels/quantization.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "tests/ops/cuda/test_device.h"
#include "weights/rotation.h"
#include "weights/value_conversion.h"

namespace zanime::ops::cuda {
namespace {

std::vector<double> doubles(const std::vector<float>& values) {
  return {values.begin(), values.end()};
}

TEST(CudaQuantization, EveryStoredNumberIsWidenedExactly) {
  for (DType dtype : {DType::kF8E4M3, DType::kF8E5M2, DType::kI8, DType::kF16, DType::kBF16}) {
    const int64_t columns = 256, size = dtype_size(dtype), rows = size == 1 ? 1 : 256;
    std::vector<std::byte> stored;
    for (int64_t i = 0; i < rows * columns; ++i) {
      stored.push_back(static_cast<std::byte>(i));
      if (size == 2) stored.push_back(static_cast<std::byte>(i >> 8));
    }
    std::vector<float> expected(rows * columns);
    weights::convert_to_float32(stored.data(), dtype, rows * columns, expected.data());
    const DeviceBytes in(stored.data(), stored.size());
    const DeviceArray out(DType::kF32, expected.size());
    widen(test_stream(), {.dtype = dtype, .rows = rows, .columns = columns}, in.data(), DType::kF32,
          out.data());
    const std::vector<float> values = out.values();
    for (size_t i = 0; i < expected.size(); ++i) {
      if (std::isnan(expected[i])) {
        EXPECT_TRUE(std::isnan(values[i])) << dtype_name(dtype) << " " << i;
      } else {
        EXPECT_EQ(values[i], expected[i]) << dtype_name(dtype) << " " << i;
      }
    }
  }
}

TEST(CudaQuantization, ScalesOfRowsAndPartsMultiply) {
  for (int64_t columns : {7, 16, 48}) {
    std::vector<uint8_t> stored;
    for (float value : random_values(3 * columns, 1)) stored.push_back(f32_to_f8e4m3(value));
    const DeviceBytes in(stored.data(), stored.size());
    const std::vector<float> factors = {2.0f, -0.5f, 3.0f};
    const DeviceArray row_scales(DType::kF32, factors);
    for (DType to : {DType::kF32, DType::kBF16}) {
      for (bool by_row : {false, true}) {
        const DeviceArray out(to, stored.size());
        widen(test_stream(),
              {.dtype = DType::kF8E4M3,
               .rows = 3,
               .columns = columns,
               .scale = 0.75f,
               .row_scales = by_row ? row_scales.floats() : nullptr},
              in.data(), to, out.data());
        std::vector<float> expected;
        for (size_t i = 0; i < stored.size(); ++i) {
          expected.push_back((by_row ? factors[i / columns] : 0.75f) * f8e4m3_to_f32(stored[i]));
        }
        EXPECT_EQ(out.values(), rounded(to, expected)) << columns;
      }
    }
  }
}

TEST(CudaQuantization, RotatedWeightsAreTurnedBack) {
  for (int64_t rotation : {4, 16, 64, 256}) {
    const int64_t columns = 2 * rotation;
    std::vector<int8_t> stored;
    for (float value : random_values(3 * columns, 1, 127.0f)) {
      stored.push_back(static_cast<int8_t>(value));
    }
    std::vector<float> expected(stored.begin(), stored.end());
    for (float& value : expected) value *= 0.25f;
    weights::rotate_groups(expected.data(), 3 * columns, rotation);
    const DeviceBytes in(stored.data(), stored.size());
    const DeviceArray out(DType::kF32, stored.size());
    widen(
        test_stream(),
        {.dtype = DType::kI8, .rows = 3, .columns = columns, .scale = 0.25f, .rotation = rotation},
        in.data(), DType::kF32, out.data());
    EXPECT_LT(relative_difference(out.values(), doubles(expected)), 1e-6) << rotation;
  }
}

// The float that an 8-bit number of the type stands for.
float value_of(DType dtype, uint8_t bits) {
  return dtype == DType::kI8 ? static_cast<float>(static_cast<int8_t>(bits)) : f8e4m3_to_f32(bits);
}

TEST(CudaQuantization, RowsAreRoundedToTheNearestOfTheirScale) {
  for (DType dtype : {DType::kF32, DType::kBF16}) {
    for (DType to : {DType::kI8, DType::kF8E4M3}) {
      for (auto [columns, rotation] : std::vector<std::pair<int64_t, int64_t>>{
               {1, 0}, {13, 0}, {264, 0}, {64, 16}, {768, 256}, {10240, 256}}) {
        const int64_t rows = 3;
        std::vector<float> x = rounded(dtype, random_values(rows * columns, 1, 5.0f));
        for (int64_t c = 0; c < columns; ++c) x[columns + c] = 0.0f;  // a row of zeros
        const DeviceArray in(dtype, x), scales(DType::kF32, rows);
        const DeviceBytes out(x.size());
        quantize_rows(test_stream(), {dtype, rows, columns}, in.data(), to, rotation,
                      scales.floats(), out.data());
        if (rotation != 0) weights::rotate_groups(x.data(), rows * columns, rotation);
        std::vector<uint8_t> stored(x.size());
        out.download(stored.data());
        const std::vector<float> factors = scales.values();
        const float most = to == DType::kI8 ? 127.0f : 448.0f;
        for (int64_t row = 0; row < rows; ++row) {
          float largest = 0;
          for (int64_t c = 0; c < columns; ++c) {
            largest = std::max(largest, std::fabs(x[row * columns + c]));
          }
          EXPECT_NEAR(factors[row], largest / most, 1e-6f * largest);
          for (int64_t c = 0; c < columns; ++c) {
            const float value = x[row * columns + c];
            const float back = factors[row] * value_of(to, stored[row * columns + c]);
            // Half a step: of the integers, or 2^-4 of the number itself and of the smallest.
            const float step = to == DType::kI8
                                   ? 0.501f * factors[row]
                                   : std::max(std::fabs(value) * 0.0626f, factors[row] * 0x1p-10f);
            EXPECT_LE(std::fabs(back - value), step + 1e-6f * largest) << columns << " " << c;
          }
        }
      }
    }
  }
}

TEST(CudaQuantization, ARowWithNaNKeepsIt) {
  std::vector<float> x = random_values(2 * 40, 1);
  x[50] = NAN;
  const DeviceArray in(DType::kF32, x), scales(DType::kF32, 2);
  const DeviceBytes out(x.size());
  quantize_rows(test_stream(), {DType::kF32, 2, 40}, in.data(), DType::kI8, 0, scales.floats(),
                out.data());
  EXPECT_FALSE(std::isnan(scales.values()[0]));
  EXPECT_TRUE(std::isnan(scales.values()[1]));
}

TEST(CudaQuantization, ATensorHasOneScale) {
  for (int64_t columns : {9, 48}) {
    const int64_t rows = 5;
    const std::vector<float> x = random_values(rows * columns, 1, 300.0f);
    float largest = 0;
    for (float value : x) largest = std::max(largest, std::fabs(value));
    const DeviceArray in(DType::kF32, x), work(DType::kF32, rows), scale(DType::kF32, 1);
    const DeviceBytes out(x.size());
    quantize_tensor(test_stream(), {DType::kF32, rows, columns}, in.data(), work.floats(),
                    scale.floats(), out.data());
    EXPECT_NEAR(scale.values()[0], largest / 448, 1e-6 * largest);
    std::vector<uint8_t> stored(x.size());
    out.download(stored.data());
    for (size_t i = 0; i < x.size(); ++i) {
      const float back = scale.values()[0] * f8e4m3_to_f32(stored[i]);
      EXPECT_LE(std::fabs(back - x[i]),
                std::max(std::fabs(x[i]) * 0.0626f, scale.values()[0] * 0x1p-10f));
    }
  }
}

TEST(CudaQuantization, ProductsOfIntegersAreScaledBack) {
  for (DType dtype : {DType::kF32, DType::kBF16}) {
    for (int64_t columns : {3, 24}) {
      const int64_t rows = 4;
      std::vector<int32_t> products;
      for (float value : random_values(rows * columns, 1, 1e6f)) {
        products.push_back(static_cast<int32_t>(value));
      }
      const std::vector<float> row_scales = random_values(rows, 2, 1e-3f),
                               column_scales = random_values(columns, 3, 1e-3f),
                               bias = random_values(columns, 4);
      const std::vector<float> before = rounded(dtype, random_values(rows * columns, 5));
      const DeviceBytes in(products.data(), products.size() * sizeof(int32_t));
      const DeviceArray by_row(DType::kF32, row_scales), by_column(DType::kF32, column_scales),
          biases(DType::kF32, bias);
      for (bool plain : {false, true}) {
        const DeviceArray out(dtype, plain ? std::vector<float>(before.size(), NAN) : before);
        dequantize_products(test_stream(), {dtype, rows, columns},
                            static_cast<const int32_t*>(in.data()), by_row.floats(),
                            by_column.floats(), plain ? nullptr : biases.floats(), !plain,
                            out.data());
        std::vector<double> expected;
        for (int64_t i = 0; i < rows * columns; ++i) {
          const double value = double{row_scales[i / columns]} * column_scales[i % columns] *
                               static_cast<double>(products[i]);
          expected.push_back(plain ? value : value + bias[i % columns] + before[i]);
        }
        EXPECT_LT(relative_difference(out.values(), expected), tolerance(dtype)) << columns;
      }
    }
  }
}

}  // namespace
}  // namespace zanime::ops::cuda
