// Element types of weight files, and scalar conversions that define what each type means.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace zanime {

enum class DType : uint8_t {
  kF32,
  kF16,
  kBF16,
  kF8E4M3,
  kF8E5M2,
  kF64,
  kI8,
  kU8,
  kI16,
  kI32,
  kI64,
  kBool,
  // Blocks of values that share scales, as GGUF files hold them (weights/block_formats.h).
  kQ8_0,
  kQ6_K,
  kQ5_K,
  kQ5_1,
  kQ5_0,
  kQ4_K,
  kQ4_1,
  kQ4_0,
  kQ3_K,
  kQ2_K,
  kIQ4_NL,
  kIQ4_XS,
  kMXFP4,
  kNVFP4,
  kIQ2_XXS,
  kIQ2_XS,
  kIQ2_S,
  kIQ3_XXS,
  kIQ3_S,
  kIQ1_S,
  kIQ1_M,
  kTQ1_0,
  kTQ2_0,
  // The same of safetensors files, brought into blocks (weights/block_scaled.h).
  kNVFP4Row,
  kMXFP8Row
};

// Elements that are stored together: 1, or the size of a block.
int64_t dtype_block(DType dtype);
// Bytes of that many elements.
int64_t dtype_size(DType dtype);
// Bytes of `count` elements, a multiple of dtype_block.
inline int64_t dtype_bytes(DType dtype, int64_t count) {
  return count / dtype_block(dtype) * dtype_size(dtype);
}
// Safetensors' spelling, "F32", "F8_E4M3", …, or GGUF's: "Q4_K".
std::string_view dtype_name(DType dtype);
// Of a type that safetensors files have.
std::optional<DType> dtype_from_name(std::string_view name);

// Bit-exact scalar conversions, rounding to nearest even. They are the reference that the SIMD
// converters in ops/cpu are tested against. F8 as in OCP 8-bit Floating Point Specification 1.0:
// E4M3 has no infinity (0x7f and 0xff are NaN, the largest value is 448), E5M2 has IEEE specials.
float f16_to_f32(uint16_t bits);
float bf16_to_f32(uint16_t bits);
float f8e4m3_to_f32(uint8_t bits);
float f8e5m2_to_f32(uint8_t bits);
uint16_t f32_to_f16(float value);
uint16_t f32_to_bf16(float value);
// Values beyond 448 become NaN, as PyTorch's float8_e4m3fn cast does.
uint8_t f32_to_f8e4m3(float value);

}  // namespace zanime
