// Text in UTF-8.
#pragma once

#include <cstddef>
#include <string_view>

namespace zanime::text {

// Byte position where `text` stops being UTF-8 (RFC 3629), or npos.
size_t invalid_utf8_at(std::string_view text);

// Number of characters (code points) of text in UTF-8.
size_t characters_of(std::string_view text);

}  // namespace zanime::text
