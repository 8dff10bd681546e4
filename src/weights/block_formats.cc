#include "weights/block_formats.h"

#include <array>
#include <bit>
#include <cstring>

#include "weights/block_decoding.h"
#include "weights/codebook_formats.h"

namespace zanime::weights {
namespace {

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

// Four bits number one of sixteen values, closer together around zero.
constexpr std::array<int8_t, 16> kNonLinear = {-127, -104, -83, -65, -49, -35, -22, -10,
                                               1,    13,   25,  38,  53,  69,  89,  113};

struct IQ4_NL {
  static constexpr int kValues = 32, kBytes = 18;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const float d = half_at(block);
    const uint8_t* q = block + 2;
    for (int i = 0; i < 16; ++i) out[i] = d * to_float(kNonLinear[q[i] & 15]);
    for (int i = 0; i < 16; ++i) out[16 + i] = d * to_float(kNonLinear[q[i] >> 4]);
  }
};

// Eight groups of IQ4_NL, whose scales have six bits: two in `high`, four in `low`.
struct IQ4_XS {
  static constexpr int kValues = 256, kBytes = 136;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const float d = half_at(block);
    uint16_t high;
    std::memcpy(&high, block + 2, sizeof high);
    const uint8_t *low = block + 4, *q = block + 8;
    for (int group = 0; group < 8; ++group, q += 16, out += 32) {
      const int bits = (low[group / 2] >> group % 2 * 4 & 15) | (high >> 2 * group & 3) << 4;
      const float scale = d * to_float(bits - 32);
      for (int i = 0; i < 16; ++i) out[i] = scale * to_float(kNonLinear[q[i] & 15]);
      for (int i = 0; i < 16; ++i) out[16 + i] = scale * to_float(kNonLinear[q[i] >> 4]);
    }
  }
};

// Twice the value of a float of four bits (E2M1, OCP Microscaling Formats 1.0).
constexpr std::array<int8_t, 16> kTwiceE2M1 = {0, 1,  2,  3,  4,  6,  8,  12,
                                               0, -1, -2, -3, -4, -6, -8, -12};

// What each byte means as F8_E4M3, made once: blocks of it are converted value by value.
const std::array<float, 256>& f8e4m3_values() {
  static const std::array<float, 256> table = [] {
    std::array<float, 256> values;
    for (size_t bits = 0; bits < values.size(); ++bits) {
      values[bits] = f8e4m3_to_f32(static_cast<uint8_t>(bits));
    }
    return values;
  }();
  return table;
}

// A power of two from its exponent with bias 127 (E8M0); half of it with bias 128.
ZANIME_ALWAYS_INLINE float power_of_two(int exponent, int bias) {
  const int shifted = exponent + 127 - bias;
  return std::bit_cast<float>(shifted > 0 ? static_cast<uint32_t>(shifted) << 23
                                          : 0x00400000u >> -shifted);
}

// Half the value of a scale (E4M3 without sign; 0x7f is zero, as ggml has it).
ZANIME_ALWAYS_INLINE float half_ue4m3(uint8_t bits) {
  const int exponent = bits >> 3 & 15, mantissa = bits & 7;
  if (bits == 0x7f) return 0.0f;
  return exponent == 0 ? to_float(mantissa) * 0x1p-10f
                       : to_float(8 + mantissa) * power_of_two(exponent + 127 - 11, 127);
}

struct MXFP4 {
  static constexpr int kValues = 32, kBytes = 17;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const float d = power_of_two(block[0], 128);
    const uint8_t* q = block + 1;
    for (int i = 0; i < 16; ++i) out[i] = d * to_float(kTwiceE2M1[q[i] & 15]);
    for (int i = 0; i < 16; ++i) out[16 + i] = d * to_float(kTwiceE2M1[q[i] >> 4]);
  }
};

// Four scales, then four groups of sixteen values.
struct NVFP4 {
  static constexpr int kValues = 64, kBytes = 36;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const uint8_t* q = block + 4;
    for (int group = 0; group < 4; ++group, q += 8, out += 16) {
      const float d = half_ue4m3(block[group]);
      for (int i = 0; i < 8; ++i) out[i] = d * to_float(kTwiceE2M1[q[i] & 15]);
      for (int i = 0; i < 8; ++i) out[8 + i] = d * to_float(kTwiceE2M1[q[i] >> 4]);
    }
  }
};

// A scale (E4M3), then sixteen values, the first of each two in the upper bits.
struct NVFP4Row {
  static constexpr int kValues = 16, kBytes = 9;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const float d = 0.5f * f8e4m3_values()[block[0]];
    for (int i = 0; i < 8; ++i) {
      out[2 * i] = d * to_float(kTwiceE2M1[block[1 + i] >> 4]);
      out[2 * i + 1] = d * to_float(kTwiceE2M1[block[1 + i] & 15]);
    }
  }
};

// A scale (E8M0), then thirty-two values (E4M3).
struct MXFP8Row {
  static constexpr int kValues = 32, kBytes = 33;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const float d = power_of_two(block[0], 127);
    const std::array<float, 256>& f8 = f8e4m3_values();
    for (int i = 0; i < 32; ++i) out[i] = d * f8[block[1 + i]];
  }
};

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
    case DType::kIQ4_NL:
      return decode<IQ4_NL>(data, count, out);
    case DType::kIQ4_XS:
      return decode<IQ4_XS>(data, count, out);
    case DType::kMXFP4:
      return decode<MXFP4>(data, count, out);
    case DType::kNVFP4:
      return decode<NVFP4>(data, count, out);
    case DType::kNVFP4Row:
      return decode<NVFP4Row>(data, count, out);
    case DType::kMXFP8Row:
      return decode<MXFP8Row>(data, count, out);
    default:
      return dequantize_codebook_blocks(data, dtype, count, out);
  }
}

}  // namespace zanime::weights
