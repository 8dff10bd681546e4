// JSON from outside: from files, pictures, standard input and other programs.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json.hpp>

namespace zanime::graph {

// Reads JSON in UTF-8, or in UTF-16 (then with a byte order mark, or beginning with an ASCII
// character). NaN, Infinity and -Infinity, which Python writes, count as null. Takes time in
// proportion to the text. `source` names it in errors: a file name, or "the graph". Throws
// Error(kGraph) for what is not JSON, for a key that stands twice in an object, and beyond these
// limits, which no graph comes near: 32 MB, 64 levels, 20,000 keys in an object, a million values.
nlohmann::ordered_json parse_graph_json(std::string_view text, const std::string& source);

}  // namespace zanime::graph
