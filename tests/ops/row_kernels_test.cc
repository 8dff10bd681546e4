// Every set of inner loops that this CPU can run, against scalar definitions.
#include "ops/cpu/row_kernels.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/dtype.h"
#include "ops/cpu/cpu_level.h"
#include "ops/ops.h"
#include "tests/support/random_tensor.h"
#include "weights/rotation.h"

namespace zanime::ops {
namespace {

using zanime::testing::random_tensor;

class RowKernelsTest : public ::testing::TestWithParam<std::string> {
 protected:
  const cpu::RowKernels& kernels() const { return cpu::select_kernels(GetParam()); }
};

INSTANTIATE_TEST_SUITE_P(Levels, RowKernelsTest, ::testing::ValuesIn(cpu_levels()),
                         [](const auto& level) { return level.param; });

// Converts every bit pattern of `Bits`, at an odd address, with a length that leaves a remainder.
template <typename Bits>
void check_conversion(void (*convert)(const std::byte*, float, float*, int64_t),
                      const std::function<float(Bits)>& reference) {
  constexpr size_t kCount = size_t{1} << (8 * sizeof(Bits));
  std::vector<std::byte> stored(kCount * sizeof(Bits) + 1);
  for (size_t i = 0; i < kCount; ++i) {
    const auto bits = static_cast<Bits>(i);
    std::memcpy(stored.data() + 1 + i * sizeof(Bits), &bits, sizeof(Bits));
  }
  for (float scale : {1.0f, 0.37f}) {
    for (size_t count : {kCount, kCount - 3, size_t{5}}) {
      std::vector<float> out(count);
      convert(stored.data() + 1, scale, out.data(), static_cast<int64_t>(count));
      for (size_t i = 0; i < count; ++i) {
        const float expected = reference(static_cast<Bits>(i)) * scale;
        if (std::isnan(expected)) {
          EXPECT_TRUE(std::isnan(out[i])) << i;
        } else {
          EXPECT_EQ(out[i], expected) << i;
        }
      }
    }
  }
}

TEST_P(RowKernelsTest, ConvertsEveryBitPattern) {
  check_conversion<uint8_t>(kernels().convert_f8e4m3, f8e4m3_to_f32);
  check_conversion<uint8_t>(kernels().convert_f8e5m2, f8e5m2_to_f32);
  check_conversion<uint16_t>(kernels().convert_f16, f16_to_f32);
  check_conversion<uint16_t>(kernels().convert_bf16, bf16_to_f32);
}

TEST_P(RowKernelsTest, ConvertsEveryInteger) {
  check_conversion<uint8_t>(kernels().convert_i8, [](uint8_t bits) {
    return static_cast<float>(static_cast<int8_t>(bits));
  });
}

TEST_P(RowKernelsTest, RotatesAsTheDefinitionDoes) {
  for (const int64_t group : {4, 16, 64, 256}) {
    const Tensor x = random_tensor({2 * group}, 1);
    Tensor expected = x.clone(), out = x.clone();
    weights::rotate_groups(expected.data(), expected.size(), group);
    kernels().rotate(out.data(), out.size(), group);
    EXPECT_LT(zanime::testing::max_difference(out, expected), 2e-6f) << group;
    kernels().rotate(out.data(), out.size(), group);
    EXPECT_LT(zanime::testing::max_difference(out, x), 2e-6f) << group << " twice";
  }
}

TEST_P(RowKernelsTest, PacksWeightsByColumns) {
  // Multiples of a vector in each direction, and what is left over.
  for (const auto& [rows, columns] : {std::pair<int64_t, int64_t>{32, 64}, {29, 46}, {3, 6}}) {
    const Tensor x = random_tensor({rows, columns}, 1);
    std::vector<float> packed(static_cast<size_t>(columns * cpu::kPackedOutputs), 7.0f);
    std::vector<uint16_t> packed_bf16(packed.size(), 7);
    kernels().pack(x.data(), rows, columns, packed.data());
    kernels().pack_bf16(x.data(), rows, columns, packed_bf16.data());
    for (int64_t column = 0; column < columns; ++column) {
      for (int64_t row = 0; row < cpu::kPackedOutputs; ++row) {
        const auto index = static_cast<size_t>(column * cpu::kPackedOutputs + row);
        const auto pair =
            static_cast<size_t>(column / 2 * 2 * cpu::kPackedOutputs + 2 * row + column % 2);
        const bool is_given = row < rows;
        const float value = is_given ? x.data()[row * columns + column] : 7.0f;
        EXPECT_EQ(packed[index], value) << row << ", " << column;
        EXPECT_EQ(packed_bf16[pair], is_given ? f32_to_bf16(value) : 7) << row << ", " << column;
      }
    }
  }
}

TEST_P(RowKernelsTest, PacksEveryF8AsBfloat16) {
  // All 256 patterns in rows and columns that are not whole blocks, rows further apart than wide.
  constexpr int64_t kStride = 64;
  for (const auto& [rows, columns] :
       {std::pair<int64_t, int64_t>{32, 48}, {13, 38}, {8, 16}, {1, 2}, {31, 64}}) {
    std::vector<std::byte> bytes(static_cast<size_t>(rows * kStride));
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 37);
    std::vector<uint16_t> packed(static_cast<size_t>(columns * cpu::kPackedOutputs), 7);
    kernels().pack_f8e4m3_bf16(bytes.data(), kStride, rows, columns, packed.data());
    for (int64_t column = 0; column < columns; ++column) {
      for (int64_t row = 0; row < cpu::kPackedOutputs; ++row) {
        const auto pair =
            static_cast<size_t>(column / 2 * 2 * cpu::kPackedOutputs + 2 * row + column % 2);
        if (row >= rows) {
          EXPECT_EQ(packed[pair], 7) << row << ", " << column;
          continue;
        }
        const auto bits = static_cast<uint8_t>(bytes[static_cast<size_t>(row * kStride + column)]);
        const float value = f8e4m3_to_f32(bits);
        if (std::isnan(value)) {
          EXPECT_TRUE(std::isnan(bf16_to_f32(packed[pair]))) << static_cast<int>(bits);
        } else {
          EXPECT_EQ(packed[pair], f32_to_bf16(value)) << static_cast<int>(bits);
        }
      }
    }
  }
}

TEST_P(RowKernelsTest, RoundsToBfloat16) {
  // Ties to both sides, the largest number, subnormals, infinity and what is no number.
  std::vector<float> x = {1.0f,  1.00390625f, 1.01171875f, -1.00390625f, 3.4028235e38f, 1e-40f,
                          -0.0f, INFINITY,    NAN,         -NAN,         0.1f};
  const Tensor random = random_tensor({38}, 1);
  x.insert(x.end(), random.values().begin(), random.values().end());
  // The quietest of all signals: its digits lie in the half that is cut off.
  x.push_back(std::bit_cast<float>(0x7f800001u));
  const auto count = static_cast<int64_t>(x.size());
  std::vector<uint16_t> bits(x.size());
  std::vector<float> rounded = x;
  kernels().to_bf16(x.data(), bits.data(), count);
  kernels().round_to_bf16(rounded.data(), rounded.data(), count);
  for (size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(x[i])) {
      EXPECT_TRUE(std::isnan(bf16_to_f32(bits[i])) && std::isnan(rounded[i])) << i;
      continue;
    }
    EXPECT_EQ(bits[i], f32_to_bf16(x[i])) << x[i];
    EXPECT_EQ(rounded[i], bf16_to_f32(bits[i])) << x[i];
  }
}

TEST_P(RowKernelsTest, QuantizesAndBack) {
  const Tensor x = random_tensor({103}, 1);
  const float largest = kernels().absolute_max(x.data(), x.size());
  float expected_largest = 0;
  for (const float value : x.values())
    expected_largest = std::max(expected_largest, std::fabs(value));
  EXPECT_EQ(largest, expected_largest);

  std::vector<uint8_t> bytes(103);
  const int32_t sum = kernels().quantize(x.data(), 127 / largest, 128, bytes.data(), 103);
  int32_t expected_sum = 0;
  for (int64_t i = 0; i < 103; ++i) {
    const auto rounded = static_cast<int32_t>(std::nearbyint(x.data()[i] * (127 / largest)));
    EXPECT_EQ(bytes[static_cast<size_t>(i)], rounded + 128) << i;
    expected_sum += rounded;
  }
  EXPECT_EQ(sum, expected_sum);

  const std::vector<int32_t> products = {1000, -70}, sums = {5, -2};
  const std::vector<float> scales = {0.5f, 3.0f};
  std::vector<float> out = {10, 20};
  kernels().dequantize(products.data(), sums.data(), scales.data(), 2, false, out.data(), 2);
  EXPECT_EQ(out, (std::vector<float>{1000 - 640, 6 * (-70 + 256)}));
  kernels().dequantize(products.data(), sums.data(), scales.data(), 2, true, out.data(), 2);
  EXPECT_EQ(out, (std::vector<float>{2 * (1000 - 640), 2 * 6 * (-70 + 256)}));
}

TEST_P(RowKernelsTest, TheLargestOfANumberThatIsNone) {
  const float values[] = {1, std::nanf(""), 5, -7, 2, 2, 2, 2, 2};
  EXPECT_TRUE(std::isnan(kernels().absolute_max(values, 9)));
}

TEST_P(RowKernelsTest, SiluIsAccurateOverTheWholeRange) {
  std::vector<float> x, out;
  for (float value = -200.0f; value <= 200.0f; value += 0.0371f) x.push_back(value);
  out.resize(x.size());
  kernels().silu(x.data(), out.data(), static_cast<int64_t>(x.size()));
  for (size_t i = 0; i < x.size(); ++i) {
    const double expected = x[i] / (1.0 + std::exp(-double{x[i]}));
    EXPECT_NEAR(out[i], expected, 4e-7 * std::fabs(expected) + 1e-30) << x[i];
  }
}

TEST_P(RowKernelsTest, SoftmaxSurvivesLargeScores) {
  std::vector<float> x = {1000.0f, 999.0f, -1000.0f, 998.5f, 1000.0f};
  const float sum = kernels().softmax_exp(x.data(), 2.0f, 5);
  EXPECT_NEAR(x[0], 1.0f, 1e-6f);
  EXPECT_NEAR(x[1], std::exp(-2.0), 1e-6);
  EXPECT_NEAR(x[2], 0.0f, 1e-30f);
  EXPECT_NEAR(sum, 2.0 + std::exp(-2.0) + std::exp(-3.0), 1e-5);
}

TEST_P(RowKernelsTest, NotANumberStaysNotANumber) {
  std::vector<float> x = {NAN, 1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, 8.0f};
  kernels().silu(x.data(), x.data(), 9);
  EXPECT_TRUE(std::isnan(x[0]));
  std::vector<float> scores = {1.0f, 2.0f, NAN, 3.0f, 4.0f, 5.0f, 6.0f, 7.0f, 8.0f};
  EXPECT_TRUE(std::isnan(kernels().softmax_exp(scores.data(), 1.0f, 9)));
}

TEST_P(RowKernelsTest, NormsMatchTheirFormulas) {
  for (int64_t n : {7, 64, 131}) {
    const Tensor x = random_tensor({n}, 1), weight = random_tensor({n}, 2),
                 scale = random_tensor({n}, 3);
    double squares = 0, sum = 0;
    for (float value : x.values()) {
      squares += double{value} * value;
      sum += value;
    }
    const double count = static_cast<double>(n), mean = sum / count;
    const double inverse_rms = 1 / std::sqrt(squares / count + 1e-5);
    const double inverse_deviation = 1 / std::sqrt(squares / count - mean * mean + 1e-6);
    Tensor rms({n}), modulated({n}), layer({n});
    Tensor added = Tensor::zeros({n});
    kernels().rms_norm(x.data(), weight.data(), nullptr, 1e-5f, rms.data(), n);
    kernels().rms_norm(x.data(), weight.data(), scale.data(), 1e-5f, modulated.data(), n);
    kernels().layer_norm(x.data(), scale.data(), 1e-6f, layer.data(), n);
    kernels().norm_add(x.data(), weight.data(), scale.data(), 1e-5f, added.data(), n);
    for (int64_t i = 0; i < n; ++i) {
      const double v = x.data()[i], w = weight.data()[i], s = scale.data()[i];
      EXPECT_NEAR(rms.data()[i], v * inverse_rms * w, 1e-6);
      EXPECT_NEAR(modulated.data()[i], v * inverse_rms * w * (1 + s), 1e-6);
      EXPECT_NEAR(layer.data()[i], (v - mean) * inverse_deviation * (1 + s), 4e-6);
      EXPECT_NEAR(added.data()[i], s * v * inverse_rms * w, 1e-6);
    }
  }
}

}  // namespace
}  // namespace zanime::ops
