#include "cli/json_output.h"

#include <array>
#include <cstdio>

namespace zanime::cli {

std::string json_text(const nlohmann::ordered_json& json) {
  const std::string plain =
      json.dump(2, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
  std::string text;
  text.reserve(plain.size());
  for (size_t i = 0; i < plain.size(); ++i) {
    const auto byte = static_cast<unsigned char>(plain[i]);
    const auto next = static_cast<unsigned char>(i + 1 < plain.size() ? plain[i + 1] : 0);
    // U+0080 to U+009F are 0xc2 0x80 to 0xc2 0x9f. These, as DEL, stand in texts alone.
    const bool is_c1 = byte == 0xc2 && next >= 0x80 && next <= 0x9f;
    if (byte != 0x7f && !is_c1) {
      text.push_back(plain[i]);
      continue;
    }
    std::array<char, 8> escape{};
    std::snprintf(escape.data(), escape.size(), "\\u%04x", is_c1 ? next : byte);
    text += escape.data();
    if (is_c1) ++i;
  }
  return text;
}

}  // namespace zanime::cli
