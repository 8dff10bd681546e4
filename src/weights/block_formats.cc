#include "weights/block_formats.h"

#include <bit>
#include <cstring>
#include <stdexcept>
#include <string>

#include "weights/vector_dispatch.h"

namespace zanime::weights {
namespace {

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

// Each format below: values and bytes of a block, and the values of one.

struct Q8_0 {
  static constexpr int kValues = 32, kBytes = 34;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const float d = half_at(block);
    const auto* q = reinterpret_cast<const int8_t*>(block + 2);
    for (int i = 0; i < 32; ++i) out[i] = to_float(q[i]) * d;
  }
};

// The lower four bits hold the first half of a block, the upper ones the second.
struct Q4_0 {
  static constexpr int kValues = 32, kBytes = 18;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const float d = half_at(block);
    const uint8_t* q = block + 2;
    for (int i = 0; i < 16; ++i) out[i] = d * to_float((q[i] & 15) - 8);
    for (int i = 0; i < 16; ++i) out[16 + i] = d * to_float((q[i] >> 4) - 8);
  }
};

struct Q4_1 {
  static constexpr int kValues = 32, kBytes = 20;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const float d = half_at(block), m = half_at(block + 2);
    const uint8_t* q = block + 4;
    for (int i = 0; i < 16; ++i) out[i] = d * to_float(q[i] & 15) + m;
    for (int i = 0; i < 16; ++i) out[16 + i] = d * to_float(q[i] >> 4) + m;
  }
};

// The fifth bit of value i is bit i of `high`.
ZANIME_ALWAYS_INLINE int five_bits(int low, uint32_t high, int i) {
  return low | static_cast<int>((high >> i & 1) << 4);
}

struct Q5_0 {
  static constexpr int kValues = 32, kBytes = 22;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const float d = half_at(block);
    uint32_t high;
    std::memcpy(&high, block + 2, sizeof high);
    const uint8_t* q = block + 6;
    for (int i = 0; i < 16; ++i) out[i] = d * to_float(five_bits(q[i] & 15, high, i) - 16);
    for (int i = 0; i < 16; ++i) {
      out[16 + i] = d * to_float(five_bits(q[i] >> 4, high, 16 + i) - 16);
    }
  }
};

struct Q5_1 {
  static constexpr int kValues = 32, kBytes = 24;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const float d = half_at(block), m = half_at(block + 2);
    uint32_t high;
    std::memcpy(&high, block + 4, sizeof high);
    const uint8_t* q = block + 8;
    for (int i = 0; i < 16; ++i) out[i] = d * to_float(five_bits(q[i] & 15, high, i)) + m;
    for (int i = 0; i < 16; ++i) {
      out[16 + i] = d * to_float(five_bits(q[i] >> 4, high, 16 + i)) + m;
    }
  }
};

// Scales of 16 values (low half of a byte) and their minima (high half).
struct Q2_K {
  static constexpr int kValues = 256, kBytes = 84;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const uint8_t *scales = block, *q = block + 16;
    const float d = half_at(block + 80), minimum = half_at(block + 82);
    for (int group = 0; group < 16; ++group) {
      const float scale = d * to_float(scales[group] & 15);
      const float below = minimum * to_float(scales[group] >> 4);
      const uint8_t* from = q + group / 8 * 32 + group % 2 * 16;
      const int shift = group % 8 / 2 * 2;
      for (int i = 0; i < 16; ++i) *out++ = scale * to_float(from[i] >> shift & 3) - below;
    }
  }
};

struct Q3_K {
  static constexpr int kValues = 256, kBytes = 110;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const uint8_t *high = block, *q = block + 32, *packed = block + 96;
    const float d = half_at(block + 108);
    for (int group = 0; group < 16; ++group) {
      // Sixteen scales of six bits: four in the first eight bytes, two in the last four.
      const int low = packed[group % 8] >> (group / 8 * 4) & 15;
      const int upper = packed[8 + group % 4] >> (group / 4 * 2) & 3;
      const float scale = d * to_float((low | upper << 4) - 32);
      const uint8_t* from = q + group / 8 * 32 + group % 2 * 16;
      const uint8_t* bits = high + group % 2 * 16;
      const int shift = group % 8 / 2 * 2, bit = group / 2;
      for (int i = 0; i < 16; ++i) {
        // A third bit that is not set takes four off.
        const int third = (bits[i] >> bit & 1) ^ 1;
        *out++ = scale * to_float((from[i] >> shift & 3) - (third << 2));
      }
    }
  }
};

// Scale and minimum number `group` of eight, six bits each in twelve bytes.
struct ScaleMinimum {
  float scale, minimum;
};
ZANIME_ALWAYS_INLINE ScaleMinimum scale_minimum(const uint8_t* packed, int group) {
  const int at = group % 4;
  const int scale_byte = packed[at], minimum_byte = packed[4 + at], rest = packed[8 + at];
  if (group < 4) return {to_float(scale_byte & 63), to_float(minimum_byte & 63)};
  return {to_float((rest & 15) | (scale_byte >> 2 & 48)),
          to_float((rest >> 4) | (minimum_byte >> 2 & 48))};
}

struct Q4_K {
  static constexpr int kValues = 256, kBytes = 144;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const float d = half_at(block), minimum = half_at(block + 2);
    const uint8_t* q = block + 16;
    for (int group = 0; group < 8; ++group) {
      const ScaleMinimum factors = scale_minimum(block + 4, group);
      const float scale = d * factors.scale, below = minimum * factors.minimum;
      const uint8_t* from = q + group / 2 * 32;
      const int shift = group % 2 * 4;
      for (int i = 0; i < 32; ++i) *out++ = scale * to_float(from[i] >> shift & 15) - below;
    }
  }
};

struct Q5_K {
  static constexpr int kValues = 256, kBytes = 176;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const float d = half_at(block), minimum = half_at(block + 2);
    const uint8_t *high = block + 16, *q = block + 48;
    for (int group = 0; group < 8; ++group) {
      const ScaleMinimum factors = scale_minimum(block + 4, group);
      const float scale = d * factors.scale, below = minimum * factors.minimum;
      const uint8_t* from = q + group / 2 * 32;
      const int shift = group % 2 * 4;
      for (int i = 0; i < 32; ++i) {
        const int value = (from[i] >> shift & 15) | (high[i] >> group & 1) << 4;
        *out++ = scale * to_float(value) - below;
      }
    }
  }
};

struct Q6_K {
  static constexpr int kValues = 256, kBytes = 210;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const uint8_t *low = block, *high = block + 128;
    const auto* scales = reinterpret_cast<const int8_t*>(block + 192);
    const float d = half_at(block + 208);
    for (int group = 0; group < 16; ++group) {
      const float scale = d * to_float(scales[group]);
      const int half = group / 8, quarter = group % 8 / 2, offset = group % 2 * 16;
      const uint8_t* lower = low + half * 64 + quarter % 2 * 32 + offset;
      const uint8_t* upper = high + half * 32 + offset;
      const int lower_shift = quarter / 2 * 4, upper_shift = quarter * 2;
      for (int i = 0; i < 16; ++i) {
        const int value = (lower[i] >> lower_shift & 15) | (upper[i] >> upper_shift & 3) << 4;
        *out++ = scale * to_float(value - 32);
      }
    }
  }
};

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

}  // namespace

void dequantize_blocks(const std::byte* data, DType dtype, int64_t count, float* out) {
  switch (dtype) {
    case DType::kQ8_0:
      return decode<Q8_0>(data, count, out);
    case DType::kQ6_K:
      return decode<Q6_K>(data, count, out);
    case DType::kQ5_K:
      return decode<Q5_K>(data, count, out);
    case DType::kQ5_1:
      return decode<Q5_1>(data, count, out);
    case DType::kQ5_0:
      return decode<Q5_0>(data, count, out);
    case DType::kQ4_K:
      return decode<Q4_K>(data, count, out);
    case DType::kQ4_1:
      return decode<Q4_1>(data, count, out);
    case DType::kQ4_0:
      return decode<Q4_0>(data, count, out);
    case DType::kQ3_K:
      return decode<Q3_K>(data, count, out);
    case DType::kQ2_K:
      return decode<Q2_K>(data, count, out);
    default:
      throw std::invalid_argument("type " + std::string(dtype_name(dtype)) + " has no blocks");
  }
}

}  // namespace zanime::weights
