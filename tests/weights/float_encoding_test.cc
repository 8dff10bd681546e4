#include "weights/float_encoding.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "weights/vector_dispatch.h"

namespace zanime::weights {
namespace {

// Every exponent with mantissas around each rounding boundary of the small types, both signs,
// special values and random bits.
std::vector<float> edge_values() {
  std::vector<float> values;
  const auto add = [&](uint32_t bits) {
    values.push_back(std::bit_cast<float>(bits));
    values.push_back(std::bit_cast<float>(bits | 0x80000000u));
  };
  for (uint32_t exponent = 0; exponent < 256; ++exponent) {
    for (const int dropped : {13, 16, 20}) {  // F16, BF16, E4M3
      for (uint32_t kept = 0; kept < 16; ++kept) {
        const uint32_t half = 1u << (dropped - 1);
        const uint32_t middle = (kept << dropped | half) & 0x7fffff;
        for (const uint32_t mantissa : {middle - 1, middle, middle + 1, kept << dropped}) {
          add(exponent << 23 | (mantissa & 0x7fffff));
        }
      }
    }
    add(exponent << 23 | 0x7fffff);
  }
  for (const float value : {448.0f, 464.0f, 480.0f, 65504.0f, 65519.996f, 65520.0f, 0x1p-9f,
                            0x1p-10f, 0x1.8p-10f, 0x1p-24f, 0x1p-25f, 0x1.000002p-25f}) {
    add(std::bit_cast<uint32_t>(value));
    add(std::bit_cast<uint32_t>(std::nextafter(value, 0.0f)));
    add(std::bit_cast<uint32_t>(std::nextafter(value, std::numeric_limits<float>::infinity())));
  }
  std::mt19937 random(1);
  for (int i = 0; i < 200'000; ++i) add(random());
  return values;
}

uint32_t scalar(float value, DType dtype) {
  switch (dtype) {
    case DType::kF16:
      return f32_to_f16(value);
    case DType::kBF16:
      return f32_to_bf16(value);
    default:
      return f32_to_f8e4m3(value);
  }
}

void expect_scalar_results(bool vectorised) {
  const std::vector<float> values = edge_values();
  for (const DType dtype : {DType::kF16, DType::kBF16, DType::kF8E4M3}) {
    const auto size = static_cast<size_t>(dtype_size(dtype));
    std::vector<std::byte> out(values.size() * size);
    detail::encode_floats_with(vectorised, values.data(), std::ssize(values), dtype, out.data());
    size_t wrong = 0;
    for (size_t i = 0; i < values.size(); ++i) {
      uint32_t code = 0;
      std::memcpy(&code, &out[i * size], size);
      if (code == scalar(values[i], dtype)) continue;
      if (wrong++ < 5) {
        ADD_FAILURE() << dtype_name(dtype) << " of " << values[i] << ": " << code << ", scalar "
                      << scalar(values[i], dtype);
      }
    }
    EXPECT_EQ(wrong, 0u) << dtype_name(dtype);
  }
}

TEST(FloatEncoding, PlainLoopIsTheScalarConversion) { expect_scalar_results(false); }

TEST(FloatEncoding, Avx2LoopIsTheScalarConversion) {
  if (!cpu_has_avx2()) GTEST_SKIP() << "no AVX2";
  expect_scalar_results(true);
}

TEST(FloatEncoding, WritesNothingBeyondTheCount) {
  for (int64_t count = 0; count < 70; ++count) {
    const std::vector<float> values(static_cast<size_t>(count), 1.0f);
    std::vector<std::byte> out(static_cast<size_t>(count) + 1, std::byte{0xee});
    encode_floats(values.data(), count, DType::kF8E4M3, out.data());
    EXPECT_EQ(out.back(), std::byte{0xee});
  }
}

}  // namespace
}  // namespace zanime::weights
