#include "base/dtype.h"

#include <cmath>

#include <gtest/gtest.h>

namespace zanime {
namespace {

TEST(DType, SmallFloatsSurviveARoundTrip) {
  for (int bits = 0; bits < 0x10000; ++bits) {
    const auto half = static_cast<uint16_t>(bits);
    if (!std::isnan(f16_to_f32(half))) {
      EXPECT_EQ(f32_to_f16(f16_to_f32(half)), half);
    }
    if (!std::isnan(bf16_to_f32(half))) {
      EXPECT_EQ(f32_to_bf16(bf16_to_f32(half)), half);
    }
  }
  for (int bits = 0; bits < 0x100; ++bits) {
    const auto byte = static_cast<uint8_t>(bits);
    if (!std::isnan(f8e4m3_to_f32(byte))) {
      EXPECT_EQ(f32_to_f8e4m3(f8e4m3_to_f32(byte)), byte);
    }
  }
}

TEST(DType, F8E4M3HasTheValuesOfTheSpecification) {
  EXPECT_EQ(f8e4m3_to_f32(0x7e), 448.0f);
  EXPECT_EQ(f8e4m3_to_f32(0x01), std::ldexp(1.0f, -9));
  EXPECT_EQ(f8e4m3_to_f32(0x08), std::ldexp(1.0f, -6));
  EXPECT_TRUE(std::isnan(f8e4m3_to_f32(0x7f)));
  EXPECT_TRUE(std::isnan(f8e4m3_to_f32(0xff)));
}

TEST(DType, RoundsToNearestEven) {
  // Between 1.0 (mantissa 000) and 1.125 (001) the tie goes to the even one.
  EXPECT_EQ(f32_to_f8e4m3(1.0625f), f32_to_f8e4m3(1.0f));
  EXPECT_EQ(f32_to_f8e4m3(1.1875f), f32_to_f8e4m3(1.25f));
  EXPECT_EQ(f32_to_f8e4m3(std::nextafter(1.0625f, 2.0f)), f32_to_f8e4m3(1.125f));
  EXPECT_EQ(f32_to_f8e4m3(std::ldexp(1.0f, -10)), 0);  // half the smallest step
  EXPECT_EQ(f32_to_f8e4m3(464.0f), 0x7e);
  EXPECT_EQ(f32_to_f8e4m3(465.0f), 0x7f);
  EXPECT_EQ(f32_to_f8e4m3(-465.0f), 0xff);
  EXPECT_EQ(f32_to_bf16(1.0f + 1.0f / 256), 0x3f80);
  EXPECT_EQ(f32_to_f16(65519.0f), 0x7bff);
  EXPECT_EQ(f32_to_f16(65520.0f), 0x7c00);
}

}  // namespace
}  // namespace zanime
