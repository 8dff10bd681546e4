// Text from outside inside messages, in the way JSON writes it.
#pragma once

#include <string>
#include <string_view>

namespace zanime::text {

// The text with quotation marks, backslashes and control characters escaped as in JSON, and what
// is not UTF-8 replaced by U+FFFD. After 80 bytes it is cut off, never within a character, and ends
// in "…".
std::string escaped(std::string_view text);

// The same in quotation marks.
std::string quoted(std::string_view text);

}  // namespace zanime::text
