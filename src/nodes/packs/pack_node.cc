#include <cmath>
#include <optional>

#include "base/error.h"
#include "nodes/packs/pack_nodes.h"
#include "nodes/text/python_number.h"
#include "nodes/text/python_value.h"

namespace zanime::nodes {

NodeType pack_node(const std::string& pack, const std::string& class_name,
                   const std::string& description, std::vector<InputSpec> inputs,
                   std::vector<OutputSpec> outputs, NodeFunction run) {
  return {.class_name = class_name,
          .display_name = class_name,
          .category = "packs/" + pack,
          .description = description,
          .inputs = std::move(inputs),
          .outputs = std::move(outputs),
          .is_core = false,
          .run = std::move(run)};
}

InputSpec slot(const std::string& name) { return link(name, "*").optional(); }

std::string given_text(const Arguments& arguments, const std::string& name) {
  if (!arguments.has(name)) return "";
  const Value& value = arguments.value(name);
  return std::holds_alternative<std::monostate>(value) ? "" : shown(value);
}

Value given_number(const Arguments& arguments, const std::string& name, double otherwise) {
  if (!arguments.has(name)) return otherwise;
  const Value& value = arguments.value(name);
  if (const auto* truth = std::get_if<bool>(&value)) return WideInt{*truth ? 1 : 0};
  if (std::holds_alternative<WideInt>(value) || std::holds_alternative<double>(value)) return value;
  if (const auto* text = std::get_if<std::string>(&value)) {
    if (const auto whole = parse_integer(*text)) return *whole;
    if (const auto real = parse_real(*text)) return *real;
  }
  throw Error(ErrorKind::kGraph,
              "input `" + name + "` is " + repr(value) + ", but must be a number");
}

WideInt to_whole(const Value& number) {
  if (const auto* whole = std::get_if<WideInt>(&number)) return *whole;
  if (const auto* truth = std::get_if<bool>(&number)) return *truth ? 1 : 0;
  const auto* real = std::get_if<double>(&number);
  if (real == nullptr || !(std::abs(*real) < 0x1p127)) {
    throw Error(ErrorKind::kGraph, repr(number) + " is no number that an INT can hold");
  }
  return static_cast<WideInt>(*real);
}

double to_real(const Value& number) {
  if (const auto* real = std::get_if<double>(&number)) return *real;
  return static_cast<double>(to_whole(number));
}

}  // namespace zanime::nodes
