#include "base/text/utf8.h"

#include <algorithm>

namespace zanime::text {

size_t invalid_utf8_at(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  size_t i = 0;
  while (i < text.size()) {
    const unsigned lead = byte(i);
    size_t length = 1;
    unsigned low = 0x80, high = 0xbf;  // of the second byte
    if (lead >= 0x80) {
      if (lead < 0xc2 || lead > 0xf4) return i;
      length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
      if (lead == 0xe0) low = 0xa0;
      if (lead == 0xed) high = 0x9f;
      if (lead == 0xf0) low = 0x90;
      if (lead == 0xf4) high = 0x8f;
    }
    if (i + length > text.size()) return i;
    for (size_t k = 1; k < length; ++k) {
      if (byte(i + k) < low || byte(i + k) > high) return i;
      low = 0x80;
      high = 0xbf;
    }
    i += length;
  }
  return std::string_view::npos;
}

size_t characters_of(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

}  // namespace zanime::text
