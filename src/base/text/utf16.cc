#include "base/text/utf16.h"

#include <cstdint>

namespace zanime::text {
namespace {

constexpr uint32_t kReplacement = 0xfffd;

bool is_high_surrogate(uint32_t unit) { return unit >= 0xd800 && unit < 0xdc00; }
bool is_low_surrogate(uint32_t unit) { return unit >= 0xdc00 && unit < 0xe000; }

void append_utf8(std::string& text, uint32_t code) {
  const auto add = [&](uint32_t byte) { text += static_cast<char>(byte); };
  if (code < 0x80) {
    add(code);
    return;
  }
  if (code < 0x800) {
    add(0xc0 | code >> 6);
  } else {
    if (code < 0x10000) {
      add(0xe0 | code >> 12);
    } else {
      add(0xf0 | code >> 18);
      add(0x80 | (code >> 12 & 0x3f));
    }
    add(0x80 | (code >> 6 & 0x3f));
  }
  add(0x80 | (code & 0x3f));
}

}  // namespace

std::string utf8_from_utf16(std::string_view bytes, bool is_big_endian) {
  const size_t count = bytes.size() / 2;
  const auto unit = [&](size_t i) -> uint32_t {
    const auto first = static_cast<uint8_t>(bytes[2 * i]);
    const auto second = static_cast<uint8_t>(bytes[2 * i + 1]);
    return is_big_endian ? first << 8 | second : second << 8 | first;
  };
  std::string text;
  text.reserve(bytes.size());
  for (size_t i = 0; i < count; ++i) {
    uint32_t code = unit(i);
    if (is_high_surrogate(code) && i + 1 < count && is_low_surrogate(unit(i + 1))) {
      code = 0x10000 + ((code - 0xd800) << 10) + (unit(++i) - 0xdc00);
    } else if (is_high_surrogate(code) || is_low_surrogate(code)) {
      code = kReplacement;
    }
    append_utf8(text, code);
  }
  if (bytes.size() % 2 != 0) append_utf8(text, kReplacement);
  return text;
}

}  // namespace zanime::text
