#include "pictures/picture_metadata.h"

#include <algorithm>
#include <cstdint>
#include <cstdio>

namespace zanime::pictures {

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char byte) { return (static_cast<uint8_t>(byte) & 0x80) != 0; });
}

std::string ascii_json(std::string_view json) {
  std::string ascii;
  ascii.reserve(json.size());
  const auto escape = [&](uint32_t unit) {
    char text[8];
    std::snprintf(text, sizeof text, "\\u%04x", unit);
    ascii += text;
  };
  for (size_t i = 0; i < json.size();) {
    const auto lead = static_cast<uint8_t>(json[i]);
    if (lead < 0x80) {
      ascii += json[i++];
      continue;
    }
    const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    uint32_t code = lead & (0xffu >> (length + 1));
    bool well_formed = lead >= 0xc2 && lead <= 0xf4 && i + length <= json.size();
    for (size_t k = 1; well_formed && k < length; ++k) {
      const auto next = static_cast<uint8_t>(json[i + k]);
      well_formed = (next & 0xc0) == 0x80;
      code = (code << 6) | (next & 0x3f);
    }
    if (!well_formed || code > 0x10ffff) {
      escape(0xfffd);
      ++i;
      continue;
    }
    if (code >= 0x10000) {
      escape(0xd7c0 + (code >> 10));
      escape(0xdc00 + (code & 0x3ff));
    } else {
      escape(code);
    }
    i += length;
  }
  return ascii;
}

std::string without_nul(std::string text) {
  std::replace(text.begin(), text.end(), '\0', ' ');
  return text;
}

}  // namespace zanime::pictures
