// JSON on standard output, which may be a terminal.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

namespace zanime::cli {

// The object on lines of their own, indented by two. Bytes that are no UTF-8 become U+FFFD; control
// characters, DEL and U+0080 to U+009F too, are written as \u escapes.
std::string json_text(const nlohmann::ordered_json& json);

}  // namespace zanime::cli
