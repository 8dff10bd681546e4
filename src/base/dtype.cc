#include "base/dtype.h"

#include <array>
#include <bit>
#include <cmath>
#include <limits>

namespace zanime {
namespace {

struct DTypeInfo {
  DType dtype;
  std::string_view name;
  int64_t size;
  int64_t block = 1;
};

constexpr std::array kDTypes = {
    DTypeInfo{DType::kF32, "F32", 4},
    DTypeInfo{DType::kF16, "F16", 2},
    DTypeInfo{DType::kBF16, "BF16", 2},
    DTypeInfo{DType::kF8E4M3, "F8_E4M3", 1},
    DTypeInfo{DType::kF8E5M2, "F8_E5M2", 1},
    DTypeInfo{DType::kF64, "F64", 8},
    DTypeInfo{DType::kI8, "I8", 1},
    DTypeInfo{DType::kU8, "U8", 1},
    DTypeInfo{DType::kI16, "I16", 2},
    DTypeInfo{DType::kI32, "I32", 4},
    DTypeInfo{DType::kI64, "I64", 8},
    DTypeInfo{DType::kBool, "BOOL", 1},
    DTypeInfo{DType::kQ8_0, "Q8_0", 34, 32},
    DTypeInfo{DType::kQ6_K, "Q6_K", 210, 256},
    DTypeInfo{DType::kQ5_K, "Q5_K", 176, 256},
    DTypeInfo{DType::kQ5_1, "Q5_1", 24, 32},
    DTypeInfo{DType::kQ5_0, "Q5_0", 22, 32},
    DTypeInfo{DType::kQ4_K, "Q4_K", 144, 256},
    DTypeInfo{DType::kQ4_1, "Q4_1", 20, 32},
    DTypeInfo{DType::kQ4_0, "Q4_0", 18, 32},
    DTypeInfo{DType::kQ3_K, "Q3_K", 110, 256},
    DTypeInfo{DType::kQ2_K, "Q2_K", 84, 256},
    DTypeInfo{DType::kIQ4_NL, "IQ4_NL", 18, 32},
    DTypeInfo{DType::kIQ4_XS, "IQ4_XS", 136, 256},
    DTypeInfo{DType::kMXFP4, "MXFP4", 17, 32},
    DTypeInfo{DType::kNVFP4, "NVFP4", 36, 64},
    DTypeInfo{DType::kIQ2_XXS, "IQ2_XXS", 66, 256},
    DTypeInfo{DType::kIQ2_XS, "IQ2_XS", 74, 256},
    DTypeInfo{DType::kIQ2_S, "IQ2_S", 82, 256},
    DTypeInfo{DType::kIQ3_XXS, "IQ3_XXS", 98, 256},
    DTypeInfo{DType::kIQ3_S, "IQ3_S", 110, 256},
    DTypeInfo{DType::kIQ1_S, "IQ1_S", 50, 256},
    DTypeInfo{DType::kIQ1_M, "IQ1_M", 56, 256},
    DTypeInfo{DType::kTQ1_0, "TQ1_0", 54, 256},
    DTypeInfo{DType::kTQ2_0, "TQ2_0", 66, 256},
    DTypeInfo{DType::kNVFP4Row, "NVFP4", 9, 16},
    DTypeInfo{DType::kMXFP8Row, "MXFP8", 33, 32},
};

// Decodes a float with `mantissa_bits` and an exponent of `exponent_bits` (sign above both).
float decode(uint32_t bits, int exponent_bits, int mantissa_bits) {
  const uint32_t mantissa = bits & ((1u << mantissa_bits) - 1);
  const uint32_t exponent = (bits >> mantissa_bits) & ((1u << exponent_bits) - 1);
  const bool negative = (bits >> (mantissa_bits + exponent_bits)) & 1;
  const int bias = (1 << (exponent_bits - 1)) - 1;
  const float magnitude = exponent == 0
                              ? std::ldexp(static_cast<float>(mantissa), 1 - bias - mantissa_bits)
                              : std::ldexp(static_cast<float>(mantissa | (1u << mantissa_bits)),
                                           static_cast<int>(exponent) - bias - mantissa_bits);
  return negative ? -magnitude : magnitude;
}

// Rounds a finite magnitude to nearest even on the grid of a small float and returns
// exponent and mantissa bits. The carry out of the mantissa moves into the exponent by itself.
uint32_t encode_magnitude(float magnitude, int exponent_bits, int mantissa_bits) {
  const int bias = (1 << (exponent_bits - 1)) - 1;
  if (magnitude == 0) return 0;
  int exponent;
  std::frexp(magnitude, &exponent);  // magnitude = m * 2^exponent, m in [0.5, 1)
  const int unbiased = std::max(exponent - 1, 1 - bias);
  const float steps = std::ldexp(magnitude, mantissa_bits - unbiased);  // exact
  const auto rounded = static_cast<uint32_t>(std::nearbyint(steps));
  // `rounded` includes the implicit one of a normal number, which adds 1 to the exponent field.
  return (static_cast<uint32_t>(unbiased + bias - 1) << mantissa_bits) + rounded;
}

}  // namespace

int64_t dtype_block(DType dtype) { return kDTypes[static_cast<size_t>(dtype)].block; }

int64_t dtype_size(DType dtype) { return kDTypes[static_cast<size_t>(dtype)].size; }

std::string_view dtype_name(DType dtype) { return kDTypes[static_cast<size_t>(dtype)].name; }

std::optional<DType> dtype_from_name(std::string_view name) {
  for (const DTypeInfo& info : kDTypes) {
    if (info.name == name && info.block == 1) return info.dtype;
  }
  return std::nullopt;
}

float bf16_to_f32(uint16_t bits) { return std::bit_cast<float>(static_cast<uint32_t>(bits) << 16); }

float f16_to_f32(uint16_t bits) {
  if ((bits & 0x7c00) == 0x7c00) {
    const uint32_t sign = static_cast<uint32_t>(bits & 0x8000) << 16;
    return std::bit_cast<float>(sign | 0x7f800000u | static_cast<uint32_t>(bits & 0x3ff) << 13);
  }
  return decode(bits, 5, 10);
}

float f8e4m3_to_f32(uint8_t bits) {
  if ((bits & 0x7f) == 0x7f) return std::numeric_limits<float>::quiet_NaN();
  return decode(bits, 4, 3);
}

float f8e5m2_to_f32(uint8_t bits) { return f16_to_f32(static_cast<uint16_t>(bits << 8)); }

uint16_t f32_to_bf16(float value) {
  if (std::isnan(value)) return 0x7fc0;
  const auto bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}

uint16_t f32_to_f16(float value) {
  const auto sign = static_cast<uint16_t>(std::signbit(value) ? 0x8000 : 0);
  if (std::isnan(value)) return sign | 0x7e00;
  const float magnitude = std::fabs(value);
  if (magnitude >= 65520.0f) return sign | 0x7c00;  // half way to the next step rounds up
  return static_cast<uint16_t>(sign | encode_magnitude(magnitude, 5, 10));
}

uint8_t f32_to_f8e4m3(float value) {
  const auto sign = static_cast<uint8_t>(std::signbit(value) ? 0x80 : 0);
  const float magnitude = std::fabs(value);
  if (!(magnitude < 464.0f)) {
    // 464 is half way between 448 and the first value that does not exist; the tie goes to even,
    // which is 448.
    return magnitude == 464.0f ? sign | 0x7e : sign | 0x7f;
  }
  return static_cast<uint8_t>(sign | encode_magnitude(magnitude, 4, 3));
}

}  // namespace zanime
