// What the operators and functions of an expression do, with Python's rules.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "nodes/value.h"

namespace zanime::nodes {

// For an INT beyond 128 bits.
[[noreturn]] void too_large();
WideInt multiply_integers(WideInt a, WideInt b);

// All throw Error(kGraph) where the values do not allow it.
Value unary_operation(const std::string& sign, const Value& value);  // - + ~ not
Value binary_operation(const std::string& sign, const Value& left, const Value& right);
bool compare_values(const std::string& sign, const Value& left, const Value& right);
Value call_function(const std::string& name, const std::vector<Value>& arguments);
Value item_at(const Value& of, const Value& index);  // of a list or a text; negative from the end
Value items_between(const Value& of, const std::optional<Value>& first,
                    const std::optional<Value>& last);

}  // namespace zanime::nodes
