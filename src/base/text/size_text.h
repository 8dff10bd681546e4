#pragma once

#include <cstdint>
#include <string>

namespace zanime::text {

// "6.15 GB", "335 MB", "12 bytes": decimal units, three digits.
std::string size_text(int64_t bytes);

}  // namespace zanime::text
