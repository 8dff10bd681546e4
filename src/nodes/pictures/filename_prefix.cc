#include "nodes/pictures/filename_prefix.h"

#include <algorithm>
#include <filesystem>

#include "base/text/quoted.h"

namespace zanime::nodes {

// A graph comes from anywhere: its prefix must not reach out of the output folder.
std::string check_filename_prefix(const Arguments& plain) {
  constexpr size_t kLongest = 200;
  if (!plain.has("filename_prefix")) return "";
  const std::string& prefix = plain.text("filename_prefix");
  // Graphs made under Windows separate folders by a backslash.
  std::string portable = prefix;
  std::replace(portable.begin(), portable.end(), '\\', '/');
  const std::filesystem::path path(portable);
  bool inside = path.is_relative() && prefix.find('\0') == std::string::npos;
  for (const auto& part : path) inside = inside && part != "..";
  if (!inside) {
    return "input `filename_prefix` is " + text::quoted(prefix) +
           ", which reaches out of the output folder; use a plain name, or folder/name";
  }
  if (prefix.size() > kLongest) {
    return "input `filename_prefix` is " + std::to_string(prefix.size()) +
           " bytes long; the limit is " + std::to_string(kLongest);
  }
  return "";
}

}  // namespace zanime::nodes
