// Names and file contents inside error messages.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace zanime::text {

// 'text', cut to `limit` characters, with everything but printable ASCII made
// visible: what a damaged file contains must not disturb the terminal it is printed to.
std::string quote(std::string_view text, size_t limit = 120);

// "6.15 GB (6,150,000,123 bytes)"; below 10,000 just "123 bytes".
std::string byte_count(uint64_t bytes);

}  // namespace zanime::text
