#include "weights/float_encoding.h"

#include <bit>
#include <cstring>

#include "base/error.h"
#include "weights/vector_dispatch.h"

namespace zanime::weights {
namespace {

// A float type of fewer bits. All members are what the bit tricks below need of it.
struct SmallFloat {
  int mantissa_bits;
  int bias;
  int32_t limit;  // the encoding that magnitudes beyond the range get
  int32_t nan;    // the encoding of NaN
};
constexpr SmallFloat kHalf = {10, 15, 0x7c00, 0x7e00};
constexpr SmallFloat kE4M3 = {3, 7, 0x7f, 0x7f};

constexpr int32_t kInfinity = 0x7f800000;

// Rounds to nearest even without a branch, so that the loop around it becomes vector code. Returns
// the encoding without its sign, for the bits of a float without its sign. Signed integers,
// because SSE2 and AVX2 compare no others.
template <SmallFloat kType>
ZANIME_ALWAYS_INLINE int32_t encode_magnitude(int32_t bits) {
  constexpr int kDropped = 23 - kType.mantissa_bits;
  constexpr int32_t kSmallestNormal = (128 - kType.bias) << 23;
  // Keeps NaN payloads from overflowing the sums below; what comes out for them is replaced.
  const int32_t magnitude = bits < kInfinity ? bits : kInfinity;
  // Normal numbers: add just below half of the last kept bit, and one more when that bit is odd;
  // a carry moves into the exponent as it should.
  const int32_t odd = (magnitude >> kDropped) & 1;
  const int32_t rounded = (magnitude + ((1 << (kDropped - 1)) - 1) + odd) >> kDropped;
  const int32_t normal = rounded - ((127 - kType.bias) << kType.mantissa_bits);
  // Below the smallest normal number the grid is even: adding a number whose last bit is one step
  // of that grid makes the adder round.
  constexpr int32_t kAnchor = (127 + 23 + 1 - kType.bias - kType.mantissa_bits) << 23;
  const int32_t subnormal =
      std::bit_cast<int32_t>(std::bit_cast<float>(magnitude) + std::bit_cast<float>(kAnchor)) -
      kAnchor;
  const int32_t code = magnitude < kSmallestNormal ? subnormal : normal;
  const int32_t limited = code < kType.limit ? code : kType.limit;
  return bits > kInfinity ? kType.nan : limited;
}

template <SmallFloat kType, typename Code>
ZANIME_ALWAYS_INLINE void encode_small(const float* values, int64_t count, std::byte* out) {
  constexpr int kSignShift = 32 - 8 * static_cast<int>(sizeof(Code));
  for (int64_t i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<uint32_t>(values[i]);
    const int32_t code = encode_magnitude<kType>(static_cast<int32_t>(bits & 0x7fffffffu));
    const auto signed_code =
        static_cast<Code>((bits & 0x80000000u) >> kSignShift | static_cast<uint32_t>(code));
    std::memcpy(out + i * static_cast<int64_t>(sizeof signed_code), &signed_code,
                sizeof signed_code);
  }
}

ZANIME_ALWAYS_INLINE void encode_bf16(const float* values, int64_t count, std::byte* out) {
  for (int64_t i = 0; i < count; ++i) {
    const auto bits = std::bit_cast<uint32_t>(values[i]);
    const bool nan = static_cast<int32_t>(bits & 0x7fffffffu) > kInfinity;
    const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    const auto code = static_cast<uint16_t>(nan ? 0x7fc0 : rounded);
    std::memcpy(out + i * 2, &code, sizeof code);
  }
}

ZANIME_ALWAYS_INLINE void encode(const float* values, int64_t count, DType dtype, std::byte* out) {
  switch (dtype) {
    case DType::kF32:
      if (count > 0) std::memcpy(out, values, static_cast<size_t>(count) * sizeof(float));
      return;
    case DType::kF16:
      return encode_small<kHalf, uint16_t>(values, count, out);
    case DType::kBF16:
      return encode_bf16(values, count, out);
    case DType::kF8E4M3:
      return encode_small<kE4M3, uint8_t>(values, count, out);
    default:
      throw Error(ErrorKind::kInternal, "encode_floats: unsupported type");
  }
}

void encode_plain(const float* values, int64_t count, DType dtype, std::byte* out) {
  encode(values, count, dtype, out);
}

ZANIME_TARGET_AVX2 void encode_avx2(const float* values, int64_t count, DType dtype,
                                    std::byte* out) {
  encode(values, count, dtype, out);
}

}  // namespace

namespace detail {

void encode_floats_with(bool vectorised, const float* values, int64_t count, DType dtype,
                        std::byte* out) {
  (vectorised ? encode_avx2 : encode_plain)(values, count, dtype, out);
}

}  // namespace detail

void encode_floats(const float* values, int64_t count, DType dtype, std::byte* out) {
  static const bool kVectorised = cpu_has_avx2();
  detail::encode_floats_with(kVectorised, values, count, dtype, out);
}

}  // namespace zanime::weights
