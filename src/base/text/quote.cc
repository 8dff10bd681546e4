#include "base/text/quote.h"

#include <cstdio>

namespace zanime::text {

std::string quote(std::string_view text, size_t limit) {
  std::string result = "'";
  const bool cut = text.size() > limit;
  for (const char c : text.substr(0, limit)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte >= 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof escaped, "\\x%02x", byte);
      result += escaped;
    } else {
      result += c;
    }
  }
  return result + (cut ? "…'" : "'");
}

std::string byte_count(uint64_t bytes) {
  std::string digits = std::to_string(bytes);
  if (bytes < 10'000) return digits + (bytes == 1 ? " byte" : " bytes");
  for (size_t end = digits.size(); end > 3; end -= 3) digits.insert(end - 3, ",");
  const bool giga = bytes >= 1'000'000'000;
  const bool mega = bytes >= 1'000'000;
  const double unit = giga ? 1e9 : mega ? 1e6 : 1e3;
  char text[64];
  std::snprintf(text, sizeof text, "%.3g %s", static_cast<double>(bytes) / unit,
                giga   ? "GB"
                : mega ? "MB"
                       : "kB");
  return std::string(text) + " (" + digits + " bytes)";
}

}  // namespace zanime::text
