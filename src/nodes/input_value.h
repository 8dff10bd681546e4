// Plain values of a graph's inputs: from JSON to a checked Value.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "nodes/node_type.h"

namespace zanime::nodes {

// Either `value`, or `problem`: half a sentence that goes on after the input's name, such as
// "is 0, but must be between 1 and 10000".
struct CheckedValue {
  std::optional<Value> value;
  std::string problem;
  ErrorKind kind = ErrorKind::kGraph;  // kFile for a file that is not there
  std::string note;                    // what was mended, if anything; empty otherwise
};

// A value written in the graph. As in ComfyUI, what has another type than the input is turned into
// it by the rules of Python: the text "8" and 8.7 are the INT 8, every text but "" is true. The
// note says so.
CheckedValue check_value(const InputSpec& input, const nlohmann::ordered_json& json,
                         const ModelFiles& files);
// A value that another node gave.
CheckedValue check_value(const InputSpec& input, const Value& value, const ModelFiles& files);

// May an output of type `from` be linked to an input of type `to`? "*" fits everything, an INT may
// stand for a FLOAT, a STRING for a COMBO; of several types with commas between them one must fit.
bool types_fit(const std::string& from, const std::string& to);

// A value written where anything may stand, as it is.
Value plain_value(const nlohmann::ordered_json& json);

}  // namespace zanime::nodes
