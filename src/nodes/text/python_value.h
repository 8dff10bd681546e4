// Values of a graph as the reference writes them into texts.
#pragma once

#include <string>

#include "nodes/value.h"

namespace zanime::nodes {

// str(value): "True", "None", "1.0", "[1, 'a']", a text as it is. What has no form in Python that
// says anything (a model, a picture) is named by its type in angle brackets.
std::string shown(const Value& value);
// repr(value): the same but for texts, which stand in quotation marks.
std::string repr(const Value& value);
std::string repr(const nlohmann::ordered_json& json);

// Python's bool(value): false for nothing, false, 0 and what is empty.
bool is_true(const Value& value);

}  // namespace zanime::nodes
