// Text in UTF-16.
#pragma once

#include <string>
#include <string_view>

namespace zanime::text {

// The same text in UTF-8 (RFC 2781). Half a surrogate pair, and an odd last byte, become U+FFFD.
std::string utf8_from_utf16(std::string_view bytes, bool is_big_endian);

}  // namespace zanime::text
