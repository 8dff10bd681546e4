#include "nodes/input_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iomanip>
#include <limits>
#include <sstream>

#include "base/text/near_matches.h"
#include "base/text/quoted.h"
#include "base/text/utf8.h"

namespace zanime::nodes {
namespace {

using nlohmann::ordered_json;

// From here on not every integer is a double.
constexpr double kExactIntegers = 9007199254740992.0;
constexpr size_t kListedOptions = 60;

CheckedValue good(Value value, std::string note = "") {
  CheckedValue result;
  result.value = std::move(value);
  result.note = std::move(note);
  return result;
}

CheckedValue bad(std::string problem, ErrorKind kind = ErrorKind::kGraph) {
  CheckedValue result;
  result.problem = std::move(problem);
  result.kind = kind;
  return result;
}

std::string short_json(const ordered_json& json) {
  if (json.is_string()) return text::quoted(json.get_ref<const std::string&>());
  if (json.is_object()) return "an object";
  if (json.is_array()) return "a list";
  return json.dump();
}

std::string number(double value) {
  std::ostringstream out;
  out.precision(12);
  out << value;
  return out.str();
}

// All digits before the point.
std::string whole_number(double value) {
  if (!(std::abs(value) < 1e30)) return number(value);
  std::ostringstream out;
  out << std::fixed << std::setprecision(0) << value;
  return out.str();
}

CheckedValue check_integer(const InputSpec& input, WideInt value, std::string note) {
  if (value < input.min_int || value > input.max_int) {
    return bad("is " + to_string(value) + ", but must be between " + to_string(input.min_int) +
               " and " + to_string(input.max_int));
  }
  return good(value, std::move(note));
}

CheckedValue check_real(const InputSpec& input, double value, std::string note) {
  // Not a number fails both comparisons.
  if (!(value >= input.min_real && value <= input.max_real)) {
    return bad("is " + number(value) + ", but must be between " + number(input.min_real) + " and " +
               number(input.max_real));
  }
  return good(value, std::move(note));
}

CheckedValue check_whole_real(const InputSpec& input, double value, std::string note) {
  if (std::trunc(value) != value) {
    return bad("is " + number(value) + ", but must be a whole number");
  }
  const bool fits = std::abs(value) <= kExactIntegers;
  if (!fits) {
    return bad("is " + whole_number(value) + ", but must be between " + to_string(input.min_int) +
               " and " + to_string(input.max_int) + ", written with all its digits");
  }
  return check_integer(input, static_cast<int64_t>(value), std::move(note));
}

// All of `text` as a number.
template <class T>
std::optional<T> parse_all(const std::string& text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || rest != end) return std::nullopt;
  return value;
}

CheckedValue check_text_as_number(const InputSpec& input, const std::string& text) {
  const std::string note = "is the text " + text::quoted(text) + "; taken as a number";
  if (input.type == "INT") {
    if (const auto value = parse_all<uint64_t>(text)) return check_integer(input, *value, note);
    if (const auto value = parse_all<int64_t>(text)) return check_integer(input, *value, note);
    return bad("is the text " + text::quoted(text) + ", but must be a whole number");
  }
  if (const auto value = parse_all<double>(text)) return check_real(input, *value, note);
  return bad("is the text " + text::quoted(text) + ", but must be a number");
}

// What is wrong with text that is to stand in a graph; empty when nothing is. A picture keeps its
// graph as JSON, which is UTF-8.
std::string problem_of_text(const std::string& text) {
  const size_t invalid = text::invalid_utf8_at(text);
  if (invalid == std::string::npos) return "";
  return "is " + text::quoted(text) + ", which is not valid UTF-8 at byte " +
         std::to_string(invalid);
}

CheckedValue check_text(const std::string& text) {
  const std::string problem = problem_of_text(text);
  return problem.empty() ? good(text) : bad(problem);
}

CheckedValue check_file(const InputSpec& input, const std::string& name, const ModelFiles& files) {
  if (const std::string problem = problem_of_text(name); !problem.empty()) return bad(problem);
  // Graphs made under Windows separate folders by a backslash.
  std::string portable = name;
  std::replace(portable.begin(), portable.end(), '\\', '/');
  try {
    files.find(input.folder, portable);
  } catch (const Error& error) {
    return bad("names a file that is not there: " + std::string(error.what()), error.kind());
  }
  return good(portable);
}

CheckedValue check_choice(const InputSpec& input, const std::string& choice) {
  if (std::find(input.options.begin(), input.options.end(), choice) != input.options.end()) {
    return good(choice);
  }
  std::string problem = "is " + text::quoted(choice) + ", which is not one of its choices";
  const std::vector<std::string> near = text::near_matches(choice, input.options);
  if (!near.empty()) problem += "; did you mean " + text::list_names(near, "or") + "?";
  if (input.options.size() <= kListedOptions) {
    problem += near.empty() ? "; there are: " : " There are: ";
    for (size_t i = 0; i < input.options.size(); ++i) {
      problem += (i > 0 ? ", " : "") + input.options[i];
    }
  }
  return bad(problem);
}

}  // namespace

bool types_fit(const std::string& from, const std::string& to) {
  return from == to || from == "*" || to == "*" || (from == "INT" && to == "FLOAT") ||
         (from == "STRING" && to == "COMBO") || (from == "COMBO" && to == "STRING");
}

CheckedValue check_value(const InputSpec& input, const ordered_json& json,
                         const ModelFiles& files) {
  if (input.type == "INT") {
    if (json.is_number_unsigned()) return check_integer(input, json.get<uint64_t>(), "");
    if (json.is_number_integer()) return check_integer(input, json.get<int64_t>(), "");
    if (json.is_number_float()) return check_whole_real(input, json.get<double>(), "");
    if (json.is_string()) return check_text_as_number(input, json.get<std::string>());
    return bad("is " + short_json(json) + ", but must be a whole number");
  }
  if (input.type == "FLOAT") {
    if (json.is_number()) return check_real(input, json.get<double>(), "");
    if (json.is_string()) return check_text_as_number(input, json.get<std::string>());
    return bad("is " + short_json(json) + ", but must be a number");
  }
  if (input.type == "BOOLEAN") {
    if (json.is_boolean()) return good(json.get<bool>());
    return bad("is " + short_json(json) + ", but must be true or false");
  }
  if (input.type == "STRING") {
    if (json.is_string()) return check_text(json.get<std::string>());
    if (json.is_number()) return good(json.dump(), "is a number; taken as text");
    return bad("is " + short_json(json) + ", but must be text");
  }
  if (input.type == "COMBO") {
    if (!json.is_string()) {
      return bad("is " + short_json(json) + ", but must be " +
                 (input.folder.empty() ? "the name of a choice" : "the name of a file"));
    }
    const std::string choice = json.get<std::string>();
    return input.folder.empty() ? check_choice(input, choice) : check_file(input, choice, files);
  }
  return bad("is " + short_json(json) + ", but must be a link to a node that gives " + input.type);
}

CheckedValue check_value(const InputSpec& input, const Value& value, const ModelFiles& files) {
  if (!input.is_widget() || input.type == "*") {
    if (input.type == "*" || value_type_name(value) == input.type) return good(value);
  } else if (const auto* integer = std::get_if<WideInt>(&value)) {
    if (input.type == "INT") return check_integer(input, *integer, "");
    if (input.type == "FLOAT") return check_real(input, static_cast<double>(*integer), "");
  } else if (const auto* real = std::get_if<double>(&value)) {
    if (input.type == "FLOAT") return check_real(input, *real, "");
    if (input.type == "INT") return check_whole_real(input, *real, "");
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    if (input.type == "STRING") return good(*text);
    if (input.type == "COMBO") {
      return input.folder.empty() ? check_choice(input, *text) : check_file(input, *text, files);
    }
  } else if (std::holds_alternative<bool>(value) && input.type == "BOOLEAN") {
    return good(value);
  }
  if (std::holds_alternative<std::monostate>(value)) {
    return bad("was given nothing: the file that the linked node opens holds no " + input.type);
  }
  return bad("was given " + std::string(value_type_name(value)) + ", but takes " + input.type);
}

}  // namespace zanime::nodes
