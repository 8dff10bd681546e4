#include "nodes/text/math_operations.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <map>

#include "base/error.h"
#include "base/text/quoted.h"
#include "nodes/input_value.h"
#include "nodes/text/python_number.h"
#include "nodes/text/python_text.h"
#include "nodes/text/python_value.h"

namespace zanime::nodes {
namespace {

// The reference's evaluator refuses larger ones.
constexpr double kMaxPowerOperand = 4'000'000.0;
constexpr WideInt kMaxShift = 10'000;
constexpr size_t kMaxText = 100'000;
// And its function pow().
constexpr double kMaxExponent = 4000.0;

[[noreturn]] void math_error(const std::string& what) { throw Error(ErrorKind::kGraph, what); }

// A BOOLEAN counts as 0 or 1.
std::optional<WideInt> as_integer(const Value& value) {
  if (const auto* integer = std::get_if<WideInt>(&value)) return *integer;
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? 1 : 0;
  return std::nullopt;
}

std::optional<double> as_real(const Value& value) {
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto integer = as_integer(value)) return static_cast<double>(*integer);
  return std::nullopt;
}

double number_of(const Value& value, const std::string& what) {
  if (const auto real = as_real(value)) return *real;
  math_error(what + " takes numbers, not " + repr(value));
}

WideInt integer_of(const Value& value, const std::string& what) {
  if (const auto integer = as_integer(value)) return *integer;
  math_error(what + " takes INTs, not " + repr(value));
}

[[noreturn]] void wrong_operands(const std::string& sign, const Value& left, const Value& right) {
  math_error("`" + sign + "` cannot take " + repr(left) + " and " + repr(right));
}

WideInt to_integer(double value) {
  if (std::isnan(value)) math_error("NaN is no whole number");
  if (std::abs(value) >= 0x1p127) too_large();
  return static_cast<WideInt>(value);
}

WideInt add_integers(WideInt a, WideInt b) {
  WideInt sum = 0;
  if (__builtin_add_overflow(a, b, &sum)) too_large();
  return sum;
}

WideInt subtract_integers(WideInt a, WideInt b) {
  WideInt difference = 0;
  if (__builtin_sub_overflow(a, b, &difference)) too_large();
  return difference;
}

WideInt floor_quotient(WideInt a, WideInt b) {
  if (b == 0) math_error("integer division or modulo by zero");
  if (b == -1) return subtract_integers(0, a);
  const WideInt quotient = a / b;
  return a % b != 0 && (a < 0) != (b < 0) ? quotient - 1 : quotient;
}

// The remainder has the sign of the divisor.
WideInt floor_remainder(WideInt a, WideInt b) {
  if (b == 0) math_error("integer division or modulo by zero");
  if (b == -1) return 0;
  const WideInt remainder = a % b;
  return remainder != 0 && (remainder < 0) != (b < 0) ? remainder + b : remainder;
}

double floor_remainder(double a, double b) {
  if (b == 0.0) math_error("modulo by zero");
  double remainder = std::fmod(a, b);
  if (remainder == 0.0) return std::copysign(0.0, b);
  if ((remainder < 0) != (b < 0)) remainder += b;
  return remainder;
}

double floor_quotient(double a, double b) {
  if (b == 0.0) math_error("division by zero");
  const double quotient = (a - floor_remainder(a, b)) / b;
  const double whole = std::floor(quotient);
  return quotient - whole > 0.5 ? whole + 1.0 : whole;
}

WideInt integer_power(WideInt base, WideInt exponent) {
  WideInt result = 1;
  if (base == 0 || base == 1) return exponent == 0 ? 1 : base;
  if (base == -1) return exponent % 2 == 0 ? 1 : -1;
  for (WideInt i = 0; i < exponent; ++i) result = multiply_integers(result, base);
  return result;
}

double real_power(double base, double exponent) {
  if (base == 0.0 && exponent < 0.0) math_error("0 cannot be raised to a negative power");
  if (base < 0.0 && std::isfinite(base) && std::trunc(exponent) != exponent) {
    math_error("a negative number raised to a fraction is no real number");
  }
  const double result = std::pow(base, exponent);
  if (std::isinf(result) && std::isfinite(base) && std::isfinite(exponent)) {
    math_error("the power is too large");
  }
  return result;
}

Value power(const Value& left, const Value& right) {
  const auto a = as_integer(left), b = as_integer(right);
  if (a && b && *b >= 0) return integer_power(*a, *b);
  return real_power(number_of(left, "`**`"), number_of(right, "`**`"));
}

Value operator_power(const Value& left, const Value& right) {
  if (std::abs(number_of(left, "`**`")) > kMaxPowerOperand ||
      std::abs(number_of(right, "`**`")) > kMaxPowerOperand) {
    math_error("the power " + shown(left) + " ** " + shown(right) + " is too large");
  }
  return power(left, right);
}

Value shift(const std::string& sign, const Value& left, const Value& right) {
  const WideInt value = integer_of(left, "`" + sign + "`");
  const WideInt by = integer_of(right, "`" + sign + "`");
  if (by < 0) math_error("`" + sign + "` cannot shift by a negative number");
  if (by > kMaxShift) math_error("`" + sign + "` cannot shift that far");
  if (sign == ">>") return by > 126 ? WideInt{value < 0 ? -1 : 0} : value >> static_cast<int>(by);
  if (value != 0 && by > 126) too_large();
  return multiply_integers(value, value == 0 ? 1 : WideInt{1} << static_cast<int>(by));
}

Value bitwise(const std::string& sign, const Value& left, const Value& right) {
  const WideInt a = integer_of(left, "`" + sign + "`");
  const WideInt b = integer_of(right, "`" + sign + "`");
  const WideInt result = sign == "&" ? (a & b) : sign == "|" ? (a | b) : (a ^ b);
  if (std::holds_alternative<bool>(left) && std::holds_alternative<bool>(right)) {
    return result != 0;
  }
  return result;
}

// Joined texts, and texts so many times.
std::optional<Value> text_operation(const std::string& sign, const Value& left,
                                    const Value& right) {
  const auto* a = std::get_if<std::string>(&left);
  const auto* b = std::get_if<std::string>(&right);
  std::string result;
  if (sign == "+" && a != nullptr && b != nullptr) {
    result = *a + *b;
  } else if (sign == "*" && (a != nullptr) != (b != nullptr)) {
    const std::string& text = a != nullptr ? *a : *b;
    const auto count = as_integer(a != nullptr ? right : left);
    if (!count) return std::nullopt;
    if (*count > 0 && text.size() * static_cast<double>(*count) > kMaxText) {
      math_error("the text would be too long");
    }
    for (WideInt i = 0; i < *count; ++i) result += text;
  } else {
    return std::nullopt;
  }
  if (result.size() > kMaxText) math_error("the text would be too long");
  return result;
}

std::vector<Value> spread_out(const std::vector<Value>& arguments) {
  if (arguments.size() != 1) return arguments;
  if (const auto* list = std::get_if<Items>(&arguments.front())) return (*list)->values;
  return arguments;
}

Value sum_of(const std::vector<Value>& arguments) {
  Value sum = WideInt{0};
  for (const Value& value : spread_out(arguments)) sum = binary_operation("+", sum, value);
  return sum;
}

Value extreme_of(const std::string& name, const std::string& sign,
                 const std::vector<Value>& arguments) {
  const std::vector<Value> values = spread_out(arguments);
  if (values.empty() ||
      (arguments.size() == 1 && !std::holds_alternative<Items>(arguments.front()))) {
    math_error(name + "() takes a list or at least two values");
  }
  Value best = values.front();
  for (const Value& value : values) {
    if (compare_values(sign, value, best)) best = value;
  }
  return best;
}

// Half to even. With places after the point the nearest decimal number, in a FLOAT again.
Value round_number(const std::vector<Value>& arguments) {
  const Value& value = arguments[0];
  if (arguments.size() == 1 || std::holds_alternative<std::monostate>(arguments[1])) {
    if (const auto integer = as_integer(value)) return *integer;
    return to_integer(std::nearbyint(number_of(value, "round()")));
  }
  const WideInt places = integer_of(arguments[1], "round()");
  if (const auto integer = as_integer(value)) {
    if (places >= 0) return *integer;
    if (places < -38) return WideInt{0};
    const WideInt unit = integer_power(10, -places);
    WideInt whole = floor_quotient(*integer, unit);
    const WideInt rest = *integer - whole * unit;
    if (rest > unit - rest || (rest == unit - rest && whole % 2 != 0)) ++whole;
    return multiply_integers(whole, unit);
  }
  const double real = number_of(value, "round()");
  if (!std::isfinite(real) || places > 323) return real;
  if (places < -308) return std::copysign(0.0, real);
  if (places < 0) {
    const double unit = std::pow(10.0, static_cast<double>(-places));
    return std::nearbyint(real / unit) * unit;
  }
  std::array<char, 800> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), real,
                                 std::chars_format::fixed, static_cast<int>(places))
                       .ptr;
  double result = 0.0;
  std::from_chars(digits.data(), end, result);
  return result;
}

double positive(const Value& value, const std::string& name) {
  const double number = number_of(value, name + "()");
  if (number <= 0.0) math_error(name + "() of " + shown(value) + ": math domain error");
  return number;
}

double angle(const Value& value, const std::string& name) {
  const double number = number_of(value, name + "()");
  if (std::isinf(number)) math_error(name + "() of infinity: math domain error");
  return number;
}

Value logarithm(const std::vector<Value>& arguments) {
  const double value = std::log(positive(arguments[0], "log"));
  if (arguments.size() == 1) return value;
  const double base = std::log(positive(arguments[1], "log"));
  if (base == 0.0) math_error("division by zero: log() to the base 1");
  return value / base;
}

Value converted_to_integer(const std::vector<Value>& arguments) {
  if (arguments.empty()) return WideInt{0};
  if (const auto integer = as_integer(arguments[0])) return *integer;
  if (const auto* text = std::get_if<std::string>(&arguments[0])) {
    if (const auto value = parse_integer(*text)) return *value;
    math_error("int() cannot read " + text::quoted(*text));
  }
  return to_integer(number_of(arguments[0], "int()"));
}

Value converted_to_real(const std::vector<Value>& arguments) {
  if (arguments.empty()) return 0.0;
  if (const auto* text = std::get_if<std::string>(&arguments[0])) {
    if (const auto value = parse_real(*text)) return *value;
    math_error("float() cannot read " + text::quoted(*text));
  }
  return number_of(arguments[0], "float()");
}

struct MathFunction {
  size_t least, most;  // arguments
  Value (*run)(const std::vector<Value>& arguments);
};
constexpr size_t kMany = std::numeric_limits<size_t>::max();

const std::map<std::string, MathFunction>& math_functions() {
  using Arguments = const std::vector<Value>&;
  static const std::map<std::string, MathFunction> functions{
      {"sum", {0, kMany, sum_of}},
      {"min", {1, kMany, [](Arguments a) { return extreme_of("min", "<", a); }}},
      {"max", {1, kMany, [](Arguments a) { return extreme_of("max", ">", a); }}},
      {"abs",
       {1, 1,
        [](Arguments a) -> Value {
          if (const auto integer = as_integer(a[0])) {
            return *integer < 0 ? subtract_integers(0, *integer) : *integer;
          }
          return std::abs(number_of(a[0], "abs()"));
        }}},
      {"round", {1, 2, round_number}},
      {"pow",
       {2, 2,
        [](Arguments a) -> Value {
          if (std::abs(number_of(a[1], "pow()")) > kMaxExponent) {
            math_error("the exponent " + shown(a[1]) + " is beyond 4000");
          }
          return power(a[0], a[1]);
        }}},
      {"sqrt",
       {1, 1,
        [](Arguments a) -> Value {
          const double number = number_of(a[0], "sqrt()");
          if (number < 0.0) math_error("sqrt() of " + shown(a[0]) + ": math domain error");
          return std::sqrt(number);
        }}},
      {"ceil",
       {1, 1,
        [](Arguments a) -> Value {
          if (const auto integer = as_integer(a[0])) return *integer;
          return to_integer(std::ceil(number_of(a[0], "ceil()")));
        }}},
      {"floor",
       {1, 1,
        [](Arguments a) -> Value {
          if (const auto integer = as_integer(a[0])) return *integer;
          return to_integer(std::floor(number_of(a[0], "floor()")));
        }}},
      {"log", {1, 2, logarithm}},
      {"log2", {1, 1, [](Arguments a) -> Value { return std::log2(positive(a[0], "log2")); }}},
      {"log10", {1, 1, [](Arguments a) -> Value { return std::log10(positive(a[0], "log10")); }}},
      {"sin", {1, 1, [](Arguments a) -> Value { return std::sin(angle(a[0], "sin")); }}},
      {"cos", {1, 1, [](Arguments a) -> Value { return std::cos(angle(a[0], "cos")); }}},
      {"tan", {1, 1, [](Arguments a) -> Value { return std::tan(angle(a[0], "tan")); }}},
      {"int", {0, 1, converted_to_integer}},
      {"float", {0, 1, converted_to_real}},
  };
  return functions;
}

// -1, 0, 1; nothing where one of them is NaN.
std::optional<int> order_of(const Value& left, const Value& right, const std::string& sign) {
  const auto three_way = [](const auto& a, const auto& b) -> std::optional<int> {
    if (a < b) return -1;
    if (a > b) return 1;
    if (a == b) return 0;
    return std::nullopt;
  };
  const auto a = as_integer(left), b = as_integer(right);
  if (a && b) return three_way(*a, *b);
  const auto x = as_real(left), y = as_real(right);
  if (x && y) return three_way(*x, *y);
  const auto* s = std::get_if<std::string>(&left);
  const auto* t = std::get_if<std::string>(&right);
  if (s != nullptr && t != nullptr) return three_way(*s, *t);
  wrong_operands(sign, left, right);
}

bool are_equal(const Value& left, const Value& right) {
  const bool numbers = as_real(left) && as_real(right);
  const bool texts =
      std::holds_alternative<std::string>(left) && std::holds_alternative<std::string>(right);
  if (numbers || texts) return order_of(left, right, "==") == 0;
  return std::holds_alternative<std::monostate>(left) &&
         std::holds_alternative<std::monostate>(right);
}

bool contains_item(const Value& whole, const Value& part) {
  if (const auto* list = std::get_if<Items>(&whole)) {
    return std::any_of((*list)->values.begin(), (*list)->values.end(),
                       [&](const Value& item) { return are_equal(item, part); });
  }
  const auto* text = std::get_if<std::string>(&whole);
  const auto* piece = std::get_if<std::string>(&part);
  if (text == nullptr || piece == nullptr) wrong_operands("in", part, whole);
  return text->find(*piece) != std::string::npos;
}

// Items of a list, characters of a text.
std::vector<Value> sequence(const Value& of) {
  if (const auto* list = std::get_if<Items>(&of)) return (*list)->values;
  const auto* text = std::get_if<std::string>(&of);
  if (text == nullptr) math_error(repr(of) + " has no items");
  std::vector<Value> values;
  for (const char32_t character : characters(*text)) values.emplace_back(utf8({&character, 1}));
  return values;
}

}  // namespace

void too_large() { math_error("the number is too large: 128 bits do not hold it"); }

WideInt multiply_integers(WideInt a, WideInt b) {
  WideInt product = 0;
  if (__builtin_mul_overflow(a, b, &product)) too_large();
  return product;
}

Value unary_operation(const std::string& sign, const Value& value) {
  if (sign == "not") return !is_true(value);
  if (sign == "~") return ~integer_of(value, "`~`");
  if (const auto integer = as_integer(value)) {
    return sign == "-" ? subtract_integers(0, *integer) : *integer;
  }
  const double number = number_of(value, "`" + sign + "`");
  return sign == "-" ? -number : number;
}

Value binary_operation(const std::string& sign, const Value& left, const Value& right) {
  if (sign == "**") return operator_power(left, right);
  if (sign == "<<" || sign == ">>") return shift(sign, left, right);
  if (sign == "&" || sign == "|" || sign == "^") return bitwise(sign, left, right);
  if (auto text = text_operation(sign, left, right)) return *text;

  const auto a = as_integer(left), b = as_integer(right);
  if (a && b && sign != "/") {
    if (sign == "+") return add_integers(*a, *b);
    if (sign == "-") return subtract_integers(*a, *b);
    if (sign == "*") return multiply_integers(*a, *b);
    if (sign == "//") return floor_quotient(*a, *b);
    return floor_remainder(*a, *b);
  }
  const auto x = as_real(left), y = as_real(right);
  if (!x || !y) wrong_operands(sign, left, right);
  if (sign == "+") return *x + *y;
  if (sign == "-") return *x - *y;
  if (sign == "*") return *x * *y;
  if (sign == "//") return floor_quotient(*x, *y);
  if (sign == "%") return floor_remainder(*x, *y);
  if (*y == 0.0) math_error("division by zero");
  return *x / *y;
}

bool compare_values(const std::string& sign, const Value& left, const Value& right) {
  if (sign == "==" || sign == "is") return are_equal(left, right);
  if (sign == "!=" || sign == "is not") return !are_equal(left, right);
  if (sign == "in") return contains_item(right, left);
  if (sign == "not in") return !contains_item(right, left);
  const std::optional<int> order = order_of(left, right, sign);
  if (!order) return false;
  if (sign == "<") return *order < 0;
  if (sign == ">") return *order > 0;
  if (sign == "<=") return *order <= 0;
  return *order >= 0;
}

Value call_function(const std::string& name, const std::vector<Value>& arguments) {
  const auto found = math_functions().find(name);
  if (found == math_functions().end()) {
    std::string known;
    for (const auto& [each, function] : math_functions())
      known += (known.empty() ? "" : ", ") + each;
    math_error("there is no function " + text::quoted(name) + "; there are: " + known);
  }
  const MathFunction& function = found->second;
  if (arguments.size() < function.least || arguments.size() > function.most) {
    math_error(name + "() cannot take " + std::to_string(arguments.size()) + " values");
  }
  return function.run(arguments);
}

Value item_at(const Value& of, const Value& index) {
  const std::vector<Value> values = sequence(of);
  WideInt place = integer_of(index, "an item's place");
  if (place < 0) place += static_cast<WideInt>(values.size());
  if (place < 0 || place >= static_cast<WideInt>(values.size())) {
    math_error("there is no item [" + shown(index) + "]");
  }
  return values[static_cast<size_t>(place)];
}

Value items_between(const Value& of, const std::optional<Value>& first,
                    const std::optional<Value>& last) {
  const std::vector<Value> values = sequence(of);
  const auto count = static_cast<WideInt>(values.size());
  const auto bound = [&](const std::optional<Value>& value, WideInt otherwise) {
    if (!value) return otherwise;
    WideInt place = integer_of(*value, "an item's place");
    if (place < 0) place += count;
    return std::clamp<WideInt>(place, 0, count);
  };
  const WideInt begin = bound(first, 0), end = std::max(begin, bound(last, count));
  const std::vector<Value> part(values.begin() + static_cast<ptrdiff_t>(begin),
                                values.begin() + static_cast<ptrdiff_t>(end));
  if (std::holds_alternative<Items>(of)) return items(part);
  std::string text;
  for (const Value& character : part) text += std::get<std::string>(character);
  return text;
}

}  // namespace zanime::nodes
