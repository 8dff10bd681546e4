// The tables that ggml's IQ formats take their values from: rows of four or eight values, which a
// block names by number.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace zanime::weights {

// Entries packed in the bytes that `digits` spells in hexadecimal, the lowest bits first, as the
// values that they number: two bits an entry for three values, four for eight.
template <size_t count, size_t kinds>
std::array<int8_t, count> unpack(std::string_view digits, const std::array<int8_t, kinds>& values) {
  constexpr size_t kPerByte = kinds == 3 ? 4 : 2;
  const auto digit = [&](size_t at) {
    return static_cast<unsigned>(digits[at] <= '9' ? digits[at] - '0' : digits[at] - 'a' + 10);
  };
  std::array<int8_t, count> result;
  for (size_t i = 0; i < count; ++i) {
    const size_t byte = i / kPerByte;
    const unsigned bits = digit(2 * byte) << 4 | digit(2 * byte + 1);
    result[i] = values[bits >> i % kPerByte * (8 / kPerByte) & (kinds == 3 ? 3 : 7)];
  }
  return result;
}

const std::array<int8_t, 256 * 8>& iq2_xxs_codebook();
const std::array<int8_t, 512 * 8>& iq2_xs_codebook();
const std::array<int8_t, 1024 * 8>& iq2_s_codebook();
const std::array<int8_t, 256 * 4>& iq3_xxs_codebook();
const std::array<int8_t, 512 * 4>& iq3_s_codebook();
const std::array<int8_t, 2048 * 8>& iq1_s_codebook();

}  // namespace zanime::weights
