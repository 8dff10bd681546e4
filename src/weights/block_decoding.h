// What the decoders of block formats share. A format is a struct with the values and bytes of a
// block (kValues, kBytes) and a function that decodes one.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "weights/vector_dispatch.h"

namespace zanime::weights {

// Half precision by a shift and a multiplication, which makes subnormals right too.
ZANIME_ALWAYS_INLINE float half_at(const uint8_t* at) {
  uint16_t bits;
  std::memcpy(&bits, at, sizeof bits);
  const uint32_t magnitude = (bits & 0x7fffu) << 13;
  const float value = std::bit_cast<float>(magnitude) * 0x1p112f;
  const uint32_t special = (bits & 0x7c00u) == 0x7c00u ? 0x7f800000u : 0u;
  const uint32_t sign = static_cast<uint32_t>(bits & 0x8000u) << 16;
  return std::bit_cast<float>(std::bit_cast<uint32_t>(value) | special | sign);
}

ZANIME_ALWAYS_INLINE float to_float(int value) { return static_cast<float>(value); }

template <typename Format>
ZANIME_ALWAYS_INLINE void decode_all(const uint8_t* in, int64_t count, float* out) {
  for (int64_t i = 0; i < count; i += Format::kValues, in += Format::kBytes) {
    Format::decode(in, out + i);
  }
}

template <typename Format>
ZANIME_TARGET_AVX2 void decode_avx2(const uint8_t* in, int64_t count, float* out) {
  decode_all<Format>(in, count, out);
}

template <typename Format>
void decode(const std::byte* data, int64_t count, float* out) {
  const auto* in = reinterpret_cast<const uint8_t*>(data);
  if (cpu_has_avx2()) return decode_avx2<Format>(in, count, out);
  decode_all<Format>(in, count, out);
}

}  // namespace zanime::weights
