// Python's str.format: "{a:.3f} {b:>6} {c!r} {{}}".
#pragma once

#include <map>
#include <string>

#include "nodes/value.h"

namespace zanime::nodes {

// `text` with each {field} replaced by the value of that name: its items by [index], its repr() by
// !r, its shape by the format specification after a colon, where fields may stand again. Throws
// Error(kGraph) for a field that is not there, a specification that does not fit its value, and
// unpaired braces.
std::string format_text(const std::string& text, const std::map<std::string, Value>& fields);

}  // namespace zanime::nodes
