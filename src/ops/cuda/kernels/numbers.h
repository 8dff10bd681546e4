// The numbers that lie in a card's memory, and what they are as float32: bit for bit what
// base/dtype.h says, on a card by its own instructions.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <type_traits>

#include "base/dtype.h"
#include "ops/cuda/kernels/kernel.h"

#ifdef __CUDACC__
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_fp8.h>
#endif

namespace zanime::ops::cuda {

struct Bf16 {
  uint16_t bits;
};
struct Half {
  uint16_t bits;
};
struct F8E4M3 {
  uint8_t bits;
};
struct F8E5M2 {
  uint8_t bits;
};

#ifdef __CUDACC__

ZANIME_DEVICE float to_float(float value) { return value; }
ZANIME_DEVICE float to_float(int8_t value) { return static_cast<float>(value); }
ZANIME_DEVICE float to_float(Bf16 value) {
  return __uint_as_float(static_cast<unsigned>(value.bits) << 16);
}
ZANIME_DEVICE float to_float(Half value) { return __half2float(__ushort_as_half(value.bits)); }
ZANIME_DEVICE float to_float(F8E4M3 value) {
  return __half2float(__half(__nv_cvt_fp8_to_halfraw(value.bits, __NV_E4M3)));
}
ZANIME_DEVICE float to_float(F8E5M2 value) {
  return __half2float(__half(__nv_cvt_fp8_to_halfraw(value.bits, __NV_E5M2)));
}
template <typename T>
ZANIME_DEVICE T from_float(float value) {
  if constexpr (std::is_same_v<T, Bf16>) {
    return {__bfloat16_as_ushort(__float2bfloat16_rn(value))};
  } else if constexpr (std::is_same_v<T, F8E4M3>) {
    return {__nv_cvt_float_to_fp8(value, __NV_NOSAT, __NV_E4M3)};
  } else {
    return value;
  }
}

#else

inline float to_float(float value) { return value; }
inline float to_float(int8_t value) { return static_cast<float>(value); }
inline float to_float(Bf16 value) { return bf16_to_f32(value.bits); }
inline float to_float(Half value) { return f16_to_f32(value.bits); }
inline float to_float(F8E4M3 value) { return f8e4m3_to_f32(value.bits); }
inline float to_float(F8E5M2 value) { return f8e5m2_to_f32(value.bits); }
template <typename T>
T from_float(float value) {
  if constexpr (std::is_same_v<T, Bf16>) {
    return {f32_to_bf16(value)};
  } else if constexpr (std::is_same_v<T, F8E4M3>) {
    return {f32_to_f8e4m3(value)};
  } else {
    return value;
  }
}

#endif

// What one thread loads or stores at once.
template <typename T, int kWidth>
struct alignas(sizeof(T) * kWidth < 16 ? sizeof(T) * kWidth : 16) Pack {
  T value[kWidth];
};

template <int kWidth, typename T>
ZANIME_DEVICE Pack<T, kWidth> load(const T* from) {
  return *reinterpret_cast<const Pack<T, kWidth>*>(from);
}

template <int kWidth, typename T>
ZANIME_DEVICE void store(T* to, const Pack<T, kWidth>& pack) {
  *reinterpret_cast<Pack<T, kWidth>*>(to) = pack;
}

// Calls body(T{}) with the type of activations that `dtype` names: kF32 or kBF16.
template <typename Body>
void with_activation_type(DType dtype, const Body& body) {
  switch (dtype) {
    case DType::kF32:
      return body(float{});
    case DType::kBF16:
      return body(Bf16{});
    default:
      throw std::invalid_argument("no activations of this type lie on a card");
  }
}

// Calls body(std::integral_constant<int, W>{}): W values of T fill 16 bytes and divide `count`, or
// W is 1.
template <typename T, typename Body>
void with_width(int64_t count, const Body& body) {
  constexpr int kFull = 16 / static_cast<int>(sizeof(T));
  if (count % kFull == 0) return body(std::integral_constant<int, kFull>{});
  body(std::integral_constant<int, 1>{});
}

}  // namespace zanime::ops::cuda
