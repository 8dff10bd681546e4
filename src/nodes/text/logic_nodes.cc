// The categories `utilities`, `utilities/logic` and `utilities/primitive`: numbers, conditions,
// lists, and a look at values.
#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text/quoted.h"
#include "nodes/core_nodes.h"
#include "nodes/input_value.h"
#include "nodes/text/math_expression.h"
#include "nodes/text/python_number.h"
#include "nodes/text/python_value.h"

namespace zanime::nodes {
namespace {

constexpr auto kMostInt = std::numeric_limits<int64_t>::max();
constexpr auto kMostReal = static_cast<double>(kMostInt);
// Inputs that an editor's growing group can have.
constexpr size_t kGrowing = 100;

// Python's int(), where the number fits.
WideInt whole_of(double value) {
  if (!(std::abs(value) < 0x1p127)) {
    throw Error(ErrorKind::kGraph, "the number " + real_repr(value) + " is too large for an INT");
  }
  return static_cast<WideInt>(value);
}

std::vector<Value> math_expression(const Arguments& arguments, NodeContext&) {
  const std::string& expression = arguments.text("expression");
  std::map<std::string, Value> names;
  std::vector<Value> all;
  for (const auto& [name, value] : arguments.group("values")) {
    names.emplace(name, value);
    all.push_back(value);
  }
  names["values"] = items(all);
  const Value result = evaluate_expression(expression, names);
  if (const auto* boolean = std::get_if<bool>(&result)) {
    return {*boolean ? 1.0 : 0.0, WideInt{*boolean ? 1 : 0}, *boolean};
  }
  if (const auto* integer = std::get_if<WideInt>(&result)) {
    return {static_cast<double>(*integer), *integer, *integer != 0};
  }
  const auto* real = std::get_if<double>(&result);
  if (real == nullptr) {
    throw Error(ErrorKind::kGraph, "the expression " + text::quoted(expression) +
                                       " gives no number but " + repr(result));
  }
  if (!std::isfinite(*real)) {
    throw Error(ErrorKind::kGraph, "the expression " + text::quoted(expression) + " gives " +
                                       real_repr(*real) + ", which is no finite number");
  }
  return {*real, whole_of(*real), *real != 0.0};
}

std::vector<Value> convert_number(const Arguments& arguments, NodeContext&) {
  const Value& value = arguments.value("value");
  double real = 0.0;
  WideInt whole = 0;
  if (const auto* boolean = std::get_if<bool>(&value)) {
    whole = *boolean ? 1 : 0;
    real = static_cast<double>(whole);
  } else if (const auto* integer = std::get_if<WideInt>(&value)) {
    whole = *integer;
    real = static_cast<double>(whole);
  } else {
    const auto* text = std::get_if<std::string>(&value);
    const auto* given = std::get_if<double>(&value);
    const std::optional<double> parsed = text != nullptr    ? parse_real(*text)
                                         : given != nullptr ? std::optional<double>(*given)
                                                            : std::nullopt;
    if (!parsed) {
      throw Error(ErrorKind::kGraph, "input `value` is " + repr(value) + ", but must be a number");
    }
    if (!std::isfinite(*parsed)) {
      throw Error(ErrorKind::kGraph,
                  "input `value` is " + repr(value) + ", but must be a finite number");
    }
    real = *parsed;
    const std::optional<WideInt> digits = text != nullptr ? parse_integer(*text) : std::nullopt;
    whole = digits ? *digits : whole_of(real);
  }
  return {real, whole};
}

// #RRGGBB or #RRGGBBAA.
std::vector<Value> color_to_rgb(const Arguments& arguments, NodeContext&) {
  const std::string& color = arguments.text("color");
  const bool valid = (color.size() == 7 || color.size() == 9) && color[0] == '#' &&
                     color.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string::npos;
  if (!valid) {
    throw Error(ErrorKind::kGraph, "input `color` is " + text::quoted(color) +
                                       ", but must be of the form #RRGGBB or #RRGGBBAA");
  }
  const auto byte = [&](size_t at) { return std::stoi(color.substr(at, 2), nullptr, 16); };
  const WideInt rgb = (byte(1) * 256 + byte(3)) * 256 + byte(5);
  return {rgb, color.substr(0, 7), color.size() == 9 ? byte(7) / 255.0 : 1.0};
}

bool skips_branch(const std::string& input, const Arguments& known) {
  if (input != "on_true" && input != "on_false") return false;
  return known.has("switch") && known.get<bool>("switch") != (input == "on_true");
}

std::vector<Value> switch_value(const Arguments& arguments, NodeContext&) {
  const std::string chosen = arguments.get<bool>("switch") ? "on_true" : "on_false";
  if (!arguments.has(chosen)) return {std::monostate{}};
  return {arguments.value(chosen)};
}

std::vector<Value> pass_or_none(const Arguments& arguments, NodeContext&) {
  for (const char* name : {"anything", "default"}) {
    if (arguments.has(name) && !std::holds_alternative<std::monostate>(arguments.value(name))) {
      return {arguments.value(name), false};
    }
  }
  return {std::monostate{}, true};
}

std::vector<Value> preview_any(const Arguments& arguments, NodeContext& context) {
  const Value& value = arguments.value("source");
  const auto* json = std::get_if<Json>(&value);
  const std::string text = json != nullptr ? json->value.dump(4) : shown(value);
  context.pictures.show_text(context.node_id, text);
  return {text};
}

bool truth(const std::pair<std::string, Value>& member) { return is_true(member.second); }

void add_conditions(NodeTypes& types) {
  const auto add = [&](const char* class_name, const char* display_name, const char* description,
                       std::vector<InputSpec> inputs, auto decide) {
    types.push_back(
        {.class_name = class_name,
         .display_name = display_name,
         .category = "utilities/logic",
         .description = description,
         .inputs = std::move(inputs),
         .outputs = {{"BOOLEAN", "BOOLEAN"}},
         .is_core = false,
         .run = [decide](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
           return {decide(arguments)};
         }});
  };
  add("ComfyNotNode", "Not", "True for nothing, false, 0 and what is empty.", {link("value", "*")},
      [](const Arguments& arguments) { return !is_true(arguments.value("value")); });
  add("ComfyAndNode", "And", "Are all values true?", growing("values", "value", kGrowing, "*", 1),
      [](const Arguments& arguments) {
        const auto values = arguments.group("values");
        return std::all_of(values.begin(), values.end(), truth);
      });
  add("ComfyOrNode", "Or", "Is one of the values true?",
      growing("values", "value", kGrowing, "*", 1), [](const Arguments& arguments) {
        const auto values = arguments.group("values");
        return std::any_of(values.begin(), values.end(), truth);
      });
  types.push_back({
      .class_name = "ComfySwitchNode",
      .display_name = "If/Else Switch",
      .category = "utilities/logic",
      .description = "One of two values. What makes the other one does not run.",
      .inputs = {boolean("switch", false), link("on_false", "*").optional().lazy(),
                 link("on_true", "*").optional().lazy()},
      .outputs = {{"*", "output"}},
      .is_core = false,
      .ignores = skips_branch,
      .run = switch_value,
  });
  types.push_back({
      .class_name = "ComfyPassOrNoneNode",
      .display_name = "Pass or None",
      .category = "utilities/logic",
      .description = "The first of two values that is there.",
      .inputs = {link("anything", "*").optional(), link("default", "*").optional()},
      .outputs = {{"*", "output"}, {"BOOLEAN", "is_none"}},
      .is_core = false,
      .run = pass_or_none,
  });
}

void add_numbers(NodeTypes& types) {
  std::vector<std::string> letters;
  for (char letter = 'a'; letter <= 'z'; ++letter) letters.emplace_back(1, letter);
  InputSpec expression = multiline_text("expression").tip("Such as (a + b) / 2 or round(a, 1).");
  expression.default_value = "a + b";
  types.push_back({
      .class_name = "ComfyMathExpression",
      .display_name = "Math Expression",
      .category = "utilities",
      .description = "Arithmetic over the linked numbers, by the rules of Python.",
      .inputs =
          std::vector{std::move(expression)} + growing("values", letters, "FLOAT,INT,BOOLEAN", 0),
      .outputs = {{"FLOAT", "FLOAT"}, {"INT", "INT"}, {"BOOLEAN", "BOOL"}},
      .is_core = false,
      .run = math_expression,
  });
  types.push_back({
      .class_name = "ComfyNumberConvert",
      .display_name = "Number Convert",
      .category = "utilities",
      .description = "A number, a text or a truth as FLOAT and INT.",
      .inputs = {link("value", "INT,FLOAT,STRING,BOOLEAN")},
      .outputs = {{"FLOAT", "FLOAT"}, {"INT", "INT"}},
      .is_core = false,
      .run = convert_number,
  });
  types.push_back({
      .class_name = "ColorToRGBInt",
      .display_name = "Color to RGB Int",
      .category = "utilities",
      .description = "A colour as a number, as #RRGGBB, and how opaque it is.",
      .inputs = {text("color", "#ffffff")},
      .outputs = {{"INT", "rgb_int"}, {"STRING", "hex"}, {"FLOAT", "alpha"}},
      .is_core = false,
      .run = color_to_rgb,
  });
}

void add_primitive(NodeTypes& types, const char* class_name, const char* display_name,
                   InputSpec input) {
  const std::string name = input.name;
  const std::string type = input.type;
  types.push_back({.class_name = class_name,
                   .display_name = display_name,
                   .category = "utilities/primitive",
                   .description = "A value to link to several inputs.",
                   .inputs = {std::move(input)},
                   .outputs = {{type, type}},
                   .is_core = false,
                   .run = [name](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                     return {arguments.value(name)};
                   }});
}

}  // namespace

void add_logic_nodes(NodeTypes& types) {
  add_conditions(types);
  add_numbers(types);
  add_primitive(types, "PrimitiveString", "String", text("value"));
  add_primitive(types, "PrimitiveStringMultiline", "String (Multiline)", multiline_text("value"));
  add_primitive(types, "PrimitiveInt", "Int", integer("value", 0, -kMostInt, kMostInt));
  add_primitive(types, "PrimitiveFloat", "Float", real("value", 0.0, -kMostReal, kMostReal, 0.1));
  add_primitive(types, "PrimitiveBoolean", "Boolean", boolean("value", false));
  add_primitive(types, "SeedNode", "Seed", integer("seed", 0, 0, kMostInt));
  types.push_back({
      .class_name = "CustomCombo",
      .display_name = "Custom Combo",
      .category = "utilities",
      .description = "A choice from a list that the editor keeps, and its place in it.",
      .inputs = {text("choice"), integer("index", 0, 0, kMostInt).optional()},
      .outputs = {{"STRING", "STRING"}, {"INT", "INDEX"}},
      .is_core = false,
      .run = [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        return {arguments.text("choice"), arguments.get<WideInt>("index")};
      },
  });
  types.push_back({
      .class_name = "CreateList",
      .display_name = "Create List",
      .category = "utilities",
      .description = "Several values on one link: what follows runs once for each of them.",
      .inputs = growing("inputs", "input", kGrowing, "*", 1),
      .outputs = {{"*", "list", /*is_list=*/true}},
      .is_core = false,
      .takes_lists = true,
      .run = [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        std::vector<Value> all;
        for (const auto& [name, value] : arguments.group("inputs")) {
          for (Value& item : arguments.items("inputs." + name)) all.push_back(std::move(item));
        }
        return {items(std::move(all))};
      },
  });
  types.push_back({
      .class_name = "PreviewAny",
      .display_name = "Preview as Text",
      .category = "utilities",
      .description = "Shows a value as text.",
      .inputs = {link("source", "*")},
      .outputs = {{"STRING", "STRING"}},
      .is_output = true,
      .is_core = false,
      .run = preview_any,
  });
}

}  // namespace zanime::nodes
