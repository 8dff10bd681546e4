#include "weights/codebook_formats.h"

#include <stdexcept>
#include <string>

#include "weights/block_decoding.h"
#include "weights/codebooks.h"

namespace zanime::weights {
namespace {

ZANIME_ALWAYS_INLINE uint16_t half_word(const uint8_t* at) {
  uint16_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}
ZANIME_ALWAYS_INLINE uint32_t word(const uint8_t* at) {
  uint32_t value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

// `count` values of a table times `scale`; a bit of `signs` that is set turns the sign.
ZANIME_ALWAYS_INLINE void signed_values(const int8_t* values, int count, float scale,
                                        unsigned signs, float* out) {
  for (int i = 0; i < count; ++i) {
    const float value = scale * to_float(values[i]);
    out[i] = (signs >> i & 1) != 0 ? -value : value;
  }
}

// Seven signs of eight are stored: the number of turned ones is even.
ZANIME_ALWAYS_INLINE unsigned eight_signs(unsigned seven) {
  return seven | static_cast<unsigned>(std::popcount(seven) & 1) << 7;
}

// Scale of a group from its four bits.
ZANIME_ALWAYS_INLINE float quarter_scale(float d, int bits) {
  return d * (0.5f + to_float(bits)) * 0.25f;
}

// Groups of 32: four rows of the table, then their signs and the scale.
struct IQ2_XXS {
  static constexpr int kValues = 256, kBytes = 66;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const int8_t* table = iq2_xxs_codebook().data();
    const float d = half_at(block);
    for (int group = 0; group < 8; ++group) {
      const uint8_t* rows = block + 2 + 8 * group;
      const uint32_t rest = word(rows + 4);
      const float scale = quarter_scale(d, static_cast<int>(rest >> 28));
      for (int i = 0; i < 4; ++i, out += 8) {
        signed_values(table + 8 * rows[i], 8, scale, eight_signs(rest >> 7 * i & 127), out);
      }
    }
  }
};

// Sixteen bits for a row of nine bits and its signs; a scale for two rows.
struct IQ2_XS {
  static constexpr int kValues = 256, kBytes = 74;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const int8_t* table = iq2_xs_codebook().data();
    const float d = half_at(block);
    const uint8_t* scales = block + 66;
    for (int i = 0; i < 32; ++i, out += 8) {
      const unsigned bits = half_word(block + 2 + 2 * i);
      const float scale = quarter_scale(d, scales[i / 4] >> i / 2 % 2 * 4 & 15);
      signed_values(table + 8 * (bits & 511), 8, scale, eight_signs(bits >> 9), out);
    }
  }
};

// A row's number has eight low bits and two high ones; its signs are a byte.
struct IQ2_S {
  static constexpr int kValues = 256, kBytes = 82;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const int8_t* table = iq2_s_codebook().data();
    const float d = half_at(block);
    const uint8_t *low = block + 2, *signs = block + 34, *high = block + 66, *scales = block + 74;
    for (int i = 0; i < 32; ++i, out += 8) {
      const int row = low[i] | (high[i / 4] >> i % 4 * 2 & 3) << 8;
      const float scale = quarter_scale(d, scales[i / 4] >> i / 2 % 2 * 4 & 15);
      signed_values(table + 8 * row, 8, scale, signs[i], out);
    }
  }
};

// Rows of four values; signs and scale of 32 values in four bytes.
struct IQ3_XXS {
  static constexpr int kValues = 256, kBytes = 98;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const int8_t* table = iq3_xxs_codebook().data();
    const float d = half_at(block);
    const uint8_t* rows = block + 2;
    for (int group = 0; group < 8; ++group) {
      const uint32_t rest = word(block + 66 + 4 * group);
      const float scale = d * (0.5f + to_float(static_cast<int>(rest >> 28))) * 0.5f;
      for (int i = 0; i < 4; ++i, rows += 2, out += 8) {
        const unsigned signs = eight_signs(rest >> 7 * i & 127);
        signed_values(table + 4 * rows[0], 4, scale, signs, out);
        signed_values(table + 4 * rows[1], 4, scale, signs >> 4, out + 4);
      }
    }
  }
};

struct IQ3_S {
  static constexpr int kValues = 256, kBytes = 110;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const int8_t* table = iq3_s_codebook().data();
    const float d = half_at(block);
    const uint8_t *low = block + 2, *high = block + 66, *signs = block + 74, *scales = block + 106;
    for (int i = 0; i < 64; ++i, out += 4) {
      const int row = low[i] | (high[i / 8] >> i % 8 & 1) << 8;
      const float scale = d * to_float(1 + 2 * (scales[i / 16] >> i / 8 % 2 * 4 & 15));
      signed_values(table + 4 * row, 4, scale, signs[i / 2] >> i % 2 * 4, out);
    }
  }
};

// Values -1, 0 and 1, all moved by an eighth up or down.
constexpr float kShift = 0.125f;

struct IQ1_S {
  static constexpr int kValues = 256, kBytes = 50;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const int8_t* table = iq1_s_codebook().data();
    const float d = half_at(block);
    for (int group = 0; group < 8; ++group) {
      const int bits = half_word(block + 34 + 2 * group);
      const float scale = d * to_float(2 * (bits >> 12 & 7) + 1);
      const float shift = (bits & 0x8000) == 0 ? kShift : -kShift;
      for (int i = 0; i < 4; ++i, out += 8) {
        const int row = block[2 + 4 * group + i] | (bits >> 3 * i & 7) << 8;
        for (int k = 0; k < 8; ++k) out[k] = scale * (to_float(table[8 * row + k]) + shift);
      }
    }
  }
};

// The block's scale is spread over the upper four bits of four words of scales.
struct IQ1_M {
  static constexpr int kValues = 256, kBytes = 56;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const int8_t* table = iq1_s_codebook().data();
    const uint8_t *low = block, *high = block + 32, *scales = block + 48;
    uint16_t bits = 0;
    for (int i = 0; i < 4; ++i) {
      bits = static_cast<uint16_t>(bits | (half_word(scales + 2 * i) >> 12) << 4 * i);
    }
    const float d = half_at(reinterpret_cast<const uint8_t*>(&bits));
    for (int i = 0; i < 32; ++i, out += 8) {
      const int rest = high[i / 2] >> i % 2 * 4 & 15, group = i / 2;
      const int row = low[i] | (rest & 7) << 8;
      const float shift = (rest & 8) == 0 ? kShift : -kShift;
      const int factor = half_word(scales + group / 4 * 2) >> group % 4 * 3 & 7;
      const float scale = d * to_float(2 * factor + 1);
      for (int k = 0; k < 8; ++k) out[k] = scale * (to_float(table[8 * row + k]) + shift);
    }
  }
};

// Digit number `digit` of a fraction in base three, less one.
ZANIME_ALWAYS_INLINE int ternary(uint8_t fraction, int digit) {
  constexpr uint8_t kPowers[] = {1, 3, 9, 27, 81};
  const auto moved = static_cast<uint8_t>(fraction * kPowers[digit]);
  return (moved * 3 >> 8) - 1;
}

// Five values a byte in the first 48 bytes, four in the last four.
struct TQ1_0 {
  static constexpr int kValues = 256, kBytes = 54;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const float d = half_at(block + 52);
    struct Run {
      int first, bytes, digits;
    };
    for (const Run run : {Run{0, 32, 5}, Run{32, 16, 5}, Run{48, 4, 4}}) {
      for (int digit = 0; digit < run.digits; ++digit) {
        for (int i = 0; i < run.bytes; ++i)
          *out++ = d * to_float(ternary(block[run.first + i], digit));
      }
    }
  }
};

struct TQ2_0 {
  static constexpr int kValues = 256, kBytes = 66;
  static ZANIME_ALWAYS_INLINE void decode(const uint8_t* block, float* out) {
    const float d = half_at(block + 64);
    for (int group = 0; group < 8; ++group) {
      const uint8_t* q = block + group / 4 * 32;
      for (int i = 0; i < 32; ++i) *out++ = d * to_float((q[i] >> group % 4 * 2 & 3) - 1);
    }
  }
};

}  // namespace

void dequantize_codebook_blocks(const std::byte* data, DType dtype, int64_t count, float* out) {
  switch (dtype) {
    case DType::kIQ2_XXS:
      return decode<IQ2_XXS>(data, count, out);
    case DType::kIQ2_XS:
      return decode<IQ2_XS>(data, count, out);
    case DType::kIQ2_S:
      return decode<IQ2_S>(data, count, out);
    case DType::kIQ3_XXS:
      return decode<IQ3_XXS>(data, count, out);
    case DType::kIQ3_S:
      return decode<IQ3_S>(data, count, out);
    case DType::kIQ1_S:
      return decode<IQ1_S>(data, count, out);
    case DType::kIQ1_M:
      return decode<IQ1_M>(data, count, out);
    case DType::kTQ1_0:
      return decode<TQ1_0>(data, count, out);
    case DType::kTQ2_0:
      return decode<TQ2_0>(data, count, out);
    default:
      throw std::invalid_argument("type " + std::string(dtype_name(dtype)) + " has no blocks");
  }
}

}  // namespace zanime::weights
