// Arithmetic, comparisons and conversions.
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text/quoted.h"
#include "nodes/packs/pack_nodes.h"
#include "nodes/text/math_expression.h"
#include "nodes/text/math_operations.h"
#include "nodes/text/python_number.h"
#include "nodes/text/python_text.h"
#include "nodes/text/python_value.h"
#include "nodes/text/regular_expression.h"

namespace zanime::nodes {
namespace {

constexpr auto kWidest = static_cast<WideInt>(std::numeric_limits<uint64_t>::max());
constexpr double kWidestReal = 18446744073709551615.0;

const std::vector<OutputSpec> kIntAndFloat{{"INT", "INT"}, {"FLOAT", "FLOAT"}};
const std::vector<OutputSpec> kTruth{{"BOOLEAN", "BOOLEAN"}};

InputSpec any_whole(const char* name, WideInt value = 0) {
  return integer(name, value, -kWidest, kWidest);
}
InputSpec any_real(const char* name, double value = 0.0) {
  return real(name, value, -kWidestReal, kWidestReal, 0.01);
}

Value rounded_to(const Value& value, int places) {
  return call_function("round", {value, WideInt{places}});
}

// Of a name of an operation, its sign in Python.
const std::map<std::string, std::string>& signs_by_name() {
  static const std::map<std::string, std::string> kSigns{{"add", "+"},
                                                         {"subtract", "-"},
                                                         {"multiply", "*"},
                                                         {"divide", "/"},
                                                         {"modulo", "%"},
                                                         {"power", "**"},
                                                         {"addition", "+"},
                                                         {"subtraction", "-"},
                                                         {"division", "/"},
                                                         {"floor division", "//"},
                                                         {"multiplication", "*"},
                                                         {"exponentiation", "**"},
                                                         {"modulus", "%"},
                                                         {"greater-than", ">"},
                                                         {"greater-than or equals", ">="},
                                                         {"less-than", "<"},
                                                         {"less-than or equals", "<="},
                                                         {"equals", "=="},
                                                         {"does not equal", "!="}};
  return kSigns;
}

Value operate(const std::string& sign, const Value& a, const Value& b) {
  if (sign.find_first_of("<>=!") != std::string::npos) {
    return WideInt{compare_values(sign, a, b) ? 1 : 0};
  }
  return binary_operation(sign, a, b);
}

std::vector<Value> int_and_float(const Value& number) {
  return {to_whole(number), to_real(number)};
}

// --- Expressions

// What the names a, b, c, d stand for: numbers, texts that are numbers, sizes of pictures.
std::map<std::string, Value> names_of(const Arguments& arguments, const char* letters) {
  std::map<std::string, Value> names;
  for (const char* letter = letters; *letter != '\0'; ++letter) {
    const std::string name(1, *letter);
    if (!arguments.has(name)) {
      names[name] = 0.0;
      continue;
    }
    const Value& value = arguments.value(name);
    const auto* image = std::get_if<Image>(&value);
    const auto* latent = std::get_if<Latent>(&value);
    if (image == nullptr && latent == nullptr) {
      names[name] = given_number(arguments, name);
      continue;
    }
    const Tensor& tensor = image != nullptr ? image->pixels : latent->samples;
    const bool is_image = image != nullptr;
    std::vector<Value> shape;
    for (int axis = 0; axis < tensor.rank(); ++axis) shape.emplace_back(WideInt{tensor.dim(axis)});
    names[name] = items(std::move(shape));
    names[name + "_width"] = WideInt{is_image ? tensor.dim(2) : tensor.dim(3) * 8};
    names[name + "_height"] = WideInt{is_image ? tensor.dim(1) : tensor.dim(2) * 8};
  }
  return names;
}

std::vector<Value> simple_math(const Arguments& arguments, const std::string& expression,
                               const char* letters) {
  return int_and_float(evaluate_expression(expression, names_of(arguments, letters)));
}

std::vector<Value> math_with_sizes(const Arguments& arguments, NodeContext&) {
  std::string expression = with_replaced(arguments.text("expression"), "\n", " ");
  // a.width is the width of the picture a.
  const RegularExpression size(R"(\b([abc])\.(width|height)\b)", {});
  expression = size.replaced(expression, R"(\1_\2)");
  return int_and_float(evaluate_expression(expression, names_of(arguments, "abc")));
}

void add_expressions(NodeTypes& types) {
  types.push_back(pack_node("ComfyUI_essentials", "SimpleMath+",
                            "A number from an expression over a, b and c.",
                            {slot("a"), slot("b"), slot("c"), text("value")}, kIntAndFloat,
                            [](const Arguments& arguments, NodeContext&) {
                              return simple_math(arguments, arguments.text("value"), "abc");
                            }));
  types.push_back(pack_node(
      "ComfyUI_essentials", "SimpleMathDual+", "Two numbers from two expressions.",
      {slot("a"), slot("b"), slot("c"), slot("d"), text("value_1"), text("value_2")},
      {{"INT", "int_1"}, {"FLOAT", "float_1"}, {"INT", "int_2"}, {"FLOAT", "float_2"}},
      [](const Arguments& arguments, NodeContext&) {
        std::vector<Value> both = simple_math(arguments, arguments.text("value_1"), "abcd");
        for (Value& value : simple_math(arguments, arguments.text("value_2"), "abcd")) {
          both.push_back(std::move(value));
        }
        return both;
      }));
  types.push_back(pack_node("ComfyUI-Custom-Scripts", "MathExpression|pysssss",
                            "A number from an expression over a, b and c; a.width is a size.",
                            {multiline_text("expression"), slot("a"), slot("b"), slot("c")},
                            kIntAndFloat, math_with_sizes));
  types.push_back(
      pack_node("ComfyUI_essentials", "SimpleMathSlider+", "A number between two others.",
                {real("value", 0.5, 0.0, 1.0, 0.001), any_real("min"), any_real("max", 1.0),
                 integer("rounding", 0, 0, 10)},
                {{"FLOAT", "FLOAT"}, {"INT", "INT"}},
                [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                  const double least = arguments.real("min");
                  Value value = least + arguments.real("value") * (arguments.real("max") - least);
                  const auto places = static_cast<int>(arguments.integer("rounding"));
                  if (places > 0) value = rounded_to(value, places);
                  return {value, to_whole(value)};
                }));
}

// --- Two operands

std::vector<std::string> operations() {
  return {"add", "subtract", "multiply", "divide", "modulo", "power"};
}

std::vector<Value> easy_integers(const Arguments& arguments, NodeContext&) {
  const std::string& name = arguments.text("operation");
  const std::string sign = name == "divide" ? "//" : signs_by_name().at(name);
  return {to_whole(binary_operation(sign, arguments.value("a"), arguments.value("b")))};
}

std::vector<Value> easy_reals(const Arguments& arguments, NodeContext&) {
  const std::string& sign = signs_by_name().at(arguments.text("operation"));
  return {to_real(rounded_to(binary_operation(sign, arguments.real("a"), arguments.real("b")), 3))};
}

// `comparison` such as "a <= b" or "b > 0".
bool compare_as_written(const Arguments& arguments, const std::string& comparison) {
  const auto operand = [&](const std::string& name) -> Value {
    if (name == "0" || !arguments.has(name)) return WideInt{0};
    return arguments.value(name);
  };
  const size_t first = comparison.find(' '), second = comparison.rfind(' ');
  return compare_values(comparison.substr(first + 1, second - first - 1),
                        operand(comparison.substr(0, first)),
                        operand(comparison.substr(second + 1)));
}

std::vector<Value> impact_compare(const Arguments& arguments, NodeContext&) {
  const std::string& comparison = arguments.text("cmp");
  if (comparison == "tt" || comparison == "ff") return {comparison == "tt"};
  std::string sign = comparison.substr(2, comparison.size() - 4);
  if (sign == "=" || sign == "<>") sign = sign == "=" ? "==" : "!=";
  return {compare_values(sign, arguments.value("a"), arguments.value("b"))};
}

std::vector<Value> number_operation(const Arguments& arguments, NodeContext&) {
  const Value result =
      operate(signs_by_name().at(arguments.text("operation")), given_number(arguments, "number_a"),
              given_number(arguments, "number_b"));
  return {result, to_real(result), to_whole(result)};
}

void add_operations(NodeTypes& types) {
  const std::string easy = "ComfyUI-Easy-Use", impact = "ComfyUI-Impact-Pack";
  types.push_back(pack_node(easy, "easy mathInt", "Arithmetic on two whole numbers.",
                            {any_whole("a"), any_whole("b"), choice("operation", operations())},
                            {{"INT", "INT"}}, easy_integers));
  types.push_back(pack_node(easy, "easy mathFloat", "Arithmetic on two numbers, to 3 places.",
                            {any_real("a"), any_real("b"), choice("operation", operations())},
                            {{"FLOAT", "FLOAT"}}, easy_reals));
  types.push_back(
      pack_node(easy, "easy compare", "Compares two values.",
                {slot("a"), slot("b"),
                 choice("comparison", {"a == b", "a != b", "a < b", "a > b", "a <= b", "a >= b",
                                       "a > 0", "a <= 0", "b > 0", "b <= 0"})},
                kTruth, [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                  return {compare_as_written(arguments, arguments.text("comparison"))};
                }));
  types.push_back(pack_node(
      "ComfyUI_essentials", "SimpleComparison+", "Compares two values.",
      {slot("a"), slot("b"), choice("comparison", {"==", "!=", "<", "<=", ">", ">="})}, kTruth,
      [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        return {compare_as_written(arguments, "a " + arguments.text("comparison") + " b")};
      }));
  types.push_back(pack_node(
      impact, "ImpactCompare", "Compares two values.",
      {choice("cmp", {"a = b", "a <> b", "a > b", "a < b", "a >= b", "a <= b", "tt", "ff"}),
       link("a", "*"), link("b", "*")},
      kTruth, impact_compare));
  types.push_back(pack_node(impact, "ImpactNeg", "The other truth.", {link("value", "*")}, kTruth,
                            [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                              return {!is_true(arguments.value("value"))};
                            }));
  types.push_back(pack_node(
      impact, "ImpactLogicalOperators", "Two truths in one.",
      {choice("operator", {"and", "or", "xor"}), link("bool_a", "*"), link("bool_b", "*")}, kTruth,
      [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        const bool a = is_true(arguments.value("bool_a")), b = is_true(arguments.value("bool_b"));
        const std::string& which = arguments.text("operator");
        return {which == "and" ? a && b : which == "or" ? a || b : a != b};
      }));
  types.push_back(pack_node(
      impact, "ImpactMinMax", "The larger or the smaller of two numbers.",
      {boolean("mode", true), link("a", "*"), link("b", "*")}, {{"INT", "INT"}},
      [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        return {
            to_whole(call_function(arguments.get<bool>("mode") ? "max" : "min",
                                   {given_number(arguments, "a"), given_number(arguments, "b")}))};
      }));
  types.push_back(
      pack_node("was-node-suite-comfyui", "Number Operation", "Arithmetic on two numbers.",
                {link("number_a", "*"), link("number_b", "*"),
                 choice("operation",
                        {"addition", "subtraction", "division", "floor division", "multiplication",
                         "exponentiation", "modulus", "greater-than", "greater-than or equals",
                         "less-than", "less-than or equals", "equals", "does not equal"})},
                {{"*", "NUMBER"}, {"FLOAT", "FLOAT"}, {"INT", "INT"}}, number_operation));
  types.push_back(pack_node(
      "ComfyUI_JPS-Nodes", "Largest Int (JPS)", "The larger and the smaller of two numbers.",
      {any_whole("int_a", 1), any_whole("int_b", 1)},
      {{"INT", "larger_int"}, {"INT", "smaller_int"}, {"INT", "is_a_larger"}},
      [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        const WideInt a = arguments.get<WideInt>("int_a"), b = arguments.get<WideInt>("int_b");
        return {a > b ? a : b, a > b ? b : a, WideInt{a > b ? 1 : 0}};
      }));
}

// --- Conversions

std::vector<Value> received_value(const Arguments& arguments, NodeContext&) {
  const std::string& type = arguments.text("typ");
  const std::string& text = arguments.text("value");
  if (type == "BOOLEAN") return {lower(text) == "true"};
  if (type == "STRING") return {text};
  const Value number = given_number(arguments, "value");
  if (type == "INT") return {to_whole(number)};
  return {to_real(number)};
}

std::vector<Value> constant_number(const Arguments& arguments, NodeContext&) {
  const std::string& type = arguments.text("number_type");
  Value number = arguments.real("number");
  if (!given_text(arguments, "number_as_text").empty()) {
    number = given_number(arguments, "number_as_text");
  }
  if (type == "integer") number = to_whole(number);
  if (type == "bool") number = WideInt{to_real(number) > 0.5 ? 1 : 0};
  return {number, to_real(number), to_whole(number)};
}

void add_conversions(NodeTypes& types) {
  const std::string comfyroll = "ComfyUI_Comfyroll_CustomNodes", was = "was-node-suite-comfyui";
  const OutputSpec help{"STRING", "show_help"};
  types.push_back(
      pack_node(comfyroll, "CR Value", "A number as FLOAT and as INT.", {any_real("value", 1.0)},
                {{"FLOAT", "FLOAT"}, {"INT", "INT"}, help},
                [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                  return {arguments.real("value"), to_whole(arguments.real("value")), ""};
                }));
  types.push_back(pack_node(comfyroll, "CR Float To Integer",
                            "A number without what stands behind its point.", {link("_float", "*")},
                            {{"INT", "INT"}, help},
                            [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                              return {to_whole(given_number(arguments, "_float")), ""};
                            }));
  types.push_back(pack_node(comfyroll, "CR Integer Multiple", "A number times another.",
                            {any_whole("integer", 1), real("multiple", 8.0, 1.0, kWidestReal, 1.0)},
                            {{"INT", "INT"}, help},
                            [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                              return {to_whole(binary_operation("*", arguments.value("integer"),
                                                                arguments.value("multiple"))),
                                      ""};
                            }));
  types.push_back(pack_node(was, "Constant Number", "A number in one of several types.",
                            {choice("number_type", {"integer", "float", "bool"}),
                             any_real("number"), slot("number_as_text")},
                            {{"*", "NUMBER"}, {"FLOAT", "FLOAT"}, {"INT", "INT"}},
                            constant_number));
  types.push_back(pack_node(was, "Number to Int", "A number as INT.", {link("number", "*")},
                            {{"INT", "INT"}},
                            [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                              return {to_whole(given_number(arguments, "number"))};
                            }));
  types.push_back(pack_node(was, "Number to Float", "A number as FLOAT.", {link("number", "*")},
                            {{"FLOAT", "FLOAT"}},
                            [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                              return {to_real(given_number(arguments, "number"))};
                            }));
  types.push_back(pack_node(
      was, "Integer place counter", "How many signs a number has.",
      {integer("int_input", 0, 0, 10000000)}, {{"INT", "INT_PLACES"}},
      [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        return {static_cast<WideInt>(to_string(arguments.get<WideInt>("int_input")).size())};
      }));
  types.push_back(pack_node("ComfyUI-Impact-Pack", "ImpactValueReceiver",
                            "A value written as a text.",
                            {choice("typ", {"STRING", "INT", "FLOAT", "BOOLEAN"}), text("value"),
                             integer("link_id", 0, 0, kWidest)},
                            {{"*", "*"}}, received_value));
  types.push_back(pack_node("ComfyUI_essentials", "SimpleMathBoolean+", "A truth, and as a number.",
                            {boolean("value", false)}, {{"BOOLEAN", "BOOLEAN"}, {"INT", "INT"}},
                            [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                              return {arguments.value("value"), to_whole(arguments.value("value"))};
                            }));
  types.push_back(pack_node("ComfyUI-mxToolkit", "mxSlider2D", "Two numbers.",
                            {integer("Xi", 512, -kWidest, kWidest), any_real("Xf", 512.0),
                             integer("Yi", 512, -kWidest, kWidest), any_real("Yf", 512.0),
                             integer("isfloatX", 0, 0, 1), integer("isfloatY", 0, 0, 1)},
                            {{"*", "X"}, {"*", "Y"}},
                            [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
                              const auto chosen = [&](const std::string& axis) {
                                const bool is_real = arguments.integer("isfloat" + axis) > 0;
                                return arguments.value(axis + (is_real ? "f" : "i"));
                              };
                              return {chosen("X"), chosen("Y")};
                            }));
  types.push_back(pack_node(
      "ComfyUI-Image-Saver", "Seed Generator (Image Saver)", "A seed, and a number added to it.",
      {integer("seed", 0, 0, kWidest), any_whole("increment")}, {{"INT", "INT"}},
      [](const Arguments& arguments, NodeContext&) -> std::vector<Value> {
        return {arguments.get<WideInt>("seed") + arguments.get<WideInt>("increment")};
      }));
}

}  // namespace

void add_pack_number_nodes(NodeTypes& types) {
  add_expressions(types);
  add_operations(types);
  add_conversions(types);
}

}  // namespace zanime::nodes
