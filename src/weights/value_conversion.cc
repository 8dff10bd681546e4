#include "weights/value_conversion.h"

#include <array>
#include <cstring>

#include "weights/block_formats.h"

namespace zanime::weights {
namespace {

// Reads `count` stored elements of type T and converts each.
template <typename T, typename Convert>
void convert_elements(const std::byte* data, int64_t count, float* out, Convert convert) {
  for (int64_t i = 0; i < count; ++i) {
    T value;
    std::memcpy(&value, data + i * static_cast<int64_t>(sizeof(T)), sizeof(T));
    out[i] = convert(value);
  }
}

template <typename T>
void cast_elements(const std::byte* data, int64_t count, float* out) {
  convert_elements<T>(data, count, out, [](T value) { return static_cast<float>(value); });
}

// What each byte means, made once: a call may convert a single value.
template <float (*to_float)(uint8_t)>
void convert_f8(const std::byte* data, int64_t count, float* out) {
  static const std::array<float, 256> table = [] {
    std::array<float, 256> values;
    for (size_t bits = 0; bits < values.size(); ++bits) {
      values[bits] = to_float(static_cast<uint8_t>(bits));
    }
    return values;
  }();
  convert_elements<uint8_t>(data, count, out, [](uint8_t bits) { return table[bits]; });
}

}  // namespace

void convert_to_float32(const std::byte* data, DType dtype, int64_t count, float* out) {
  switch (dtype) {
    case DType::kF32:
      return cast_elements<float>(data, count, out);
    case DType::kF16:
      return convert_elements<uint16_t>(data, count, out, f16_to_f32);
    case DType::kBF16:
      return convert_elements<uint16_t>(data, count, out, bf16_to_f32);
    case DType::kF8E4M3:
      return convert_f8<f8e4m3_to_f32>(data, count, out);
    case DType::kF8E5M2:
      return convert_f8<f8e5m2_to_f32>(data, count, out);
    case DType::kF64:
      return cast_elements<double>(data, count, out);
    case DType::kI8:
      return cast_elements<int8_t>(data, count, out);
    case DType::kU8:
      return cast_elements<uint8_t>(data, count, out);
    case DType::kI16:
      return cast_elements<int16_t>(data, count, out);
    case DType::kI32:
      return cast_elements<int32_t>(data, count, out);
    case DType::kI64:
      return cast_elements<int64_t>(data, count, out);
    case DType::kBool:
      return convert_elements<uint8_t>(data, count, out,
                                       [](uint8_t value) { return value != 0 ? 1.0f : 0.0f; });
    default:
      return dequantize_blocks(data, dtype, count, out);
  }
}

}  // namespace zanime::weights
