// Arithmetic written as text, evaluated with Python's rules and nothing else of Python.
#pragma once

#include <map>
#include <string>

#include "nodes/value.h"

namespace zanime::nodes {

// The value of an expression over named numbers: + - * / // % ** ~ & | ^ << >>, comparisons, and,
// or, not, `a if b else c`, items and parts of lists, and the functions sum, min, max, abs, round,
// pow, sqrt, ceil, floor, log, log2, log10, sin, cos, tan, int, float. An INT stays one as long as
// the operation gives one; 128 bits are the limit. Lists are Items.
// Throws Error(kGraph) for what is not an expression, unknown names and operations that the values
// do not allow: division by zero, the root of a negative number, too large a power.
Value evaluate_expression(const std::string& text, const std::map<std::string, Value>& names);

}  // namespace zanime::nodes
