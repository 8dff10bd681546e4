#include "nodes/input_value.h"

#include <algorithm>
#include <cmath>
#include <iomanip>
#include <limits>
#include <sstream>

#include "base/text/near_matches.h"
#include "base/text/quoted.h"
#include "base/text/utf8.h"
#include "nodes/text/python_number.h"
#include "nodes/text/python_value.h"

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

// As ComfyUI takes it: without what stands behind the point.
CheckedValue check_whole_real(const InputSpec& input, double value, std::string note) {
  if (std::trunc(value) != value) {
    note = "is " + number(value) + ", no whole number; taken as " + number(std::trunc(value));
    value = std::trunc(value);
  }
  const bool fits = std::abs(value) <= kExactIntegers;
  if (!fits) {
    return bad("is " + whole_number(value) + ", but must be between " + to_string(input.min_int) +
               " and " + to_string(input.max_int) + ", written with all its digits");
  }
  return check_integer(input, static_cast<int64_t>(value), std::move(note));
}

CheckedValue check_text_as_number(const InputSpec& input, const std::string& text) {
  const std::string note = "is the text " + text::quoted(text) + "; taken as a number";
  if (input.type == "INT") {
    if (const auto value = parse_integer(text)) return check_integer(input, *value, note);
    return bad("is the text " + text::quoted(text) + ", but must be a whole number");
  }
  if (const auto value = parse_real(text)) return check_real(input, *value, note);
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

CheckedValue check_boolean(const ordered_json& json) {
  if (json.is_boolean()) return good(json.get<bool>());
  const bool truth = json.is_number()   ? json.get<double>() != 0.0
                     : json.is_string() ? !json.get_ref<const std::string&>().empty()
                                        : !json.empty();
  return good(truth, "is " + short_json(json) + "; taken as " + (truth ? "true" : "false"));
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

// {"x": …, "y": …, "width": …, "height": …}; what is missing is as in an empty box.
CheckedValue check_box(const ordered_json& json) {
  constexpr int64_t kMostPixels = 1 << 20;
  BoundingBox box;
  const std::pair<const char*, int64_t*> members[] = {
      {"x", &box.x}, {"y", &box.y}, {"width", &box.width}, {"height", &box.height}};
  for (const auto& [name, member] : members) {
    const auto found = json.find(name);
    if (found == json.end()) continue;
    const int64_t least = member == &box.width || member == &box.height ? 1 : 0;
    const bool fits = found->is_number_integer() && *found >= least && *found <= kMostPixels;
    if (!fits) {
      return bad("has " + short_json(*found) + " for `" + name +
                 "`, which must be a whole number " + "between " + std::to_string(least) + " and " +
                 std::to_string(kMostPixels));
    }
    *member = found->get<int64_t>();
  }
  return good(box);
}

}  // namespace

bool types_fit(const std::string& from, const std::string& to) {
  if (const size_t comma = to.find(','); comma != std::string::npos) {
    return types_fit(from, to.substr(0, comma)) || types_fit(from, to.substr(comma + 1));
  }
  if (const size_t comma = from.find(','); comma != std::string::npos) {
    return types_fit(from.substr(0, comma), to) || types_fit(from.substr(comma + 1), to);
  }
  return from == to || from == "*" || to == "*" || (from == "INT" && to == "FLOAT") ||
         (from == "STRING" && to == "COMBO") || (from == "COMBO" && to == "STRING");
}

Value plain_value(const ordered_json& json) {
  if (json.is_null()) return std::monostate{};
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_unsigned()) return static_cast<WideInt>(json.get<uint64_t>());
  if (json.is_number_integer()) return static_cast<WideInt>(json.get<int64_t>());
  if (json.is_number_float()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  return Json{json};
}

CheckedValue check_value(const InputSpec& input, const ordered_json& json,
                         const ModelFiles& files) {
  if (input.takes_several()) return good(plain_value(json));
  if (input.type == "INT") {
    if (json.is_number_unsigned()) return check_integer(input, json.get<uint64_t>(), "");
    if (json.is_number_integer()) return check_integer(input, json.get<int64_t>(), "");
    if (json.is_number_float()) return check_whole_real(input, json.get<double>(), "");
    if (json.is_string()) return check_text_as_number(input, json.get<std::string>());
    if (json.is_boolean()) {
      return check_integer(input, json.get<bool>() ? 1 : 0,
                           "is " + json.dump() + "; taken as 0 or 1");
    }
    return bad("is " + short_json(json) + ", but must be a whole number");
  }
  if (input.type == "FLOAT") {
    if (json.is_number()) return check_real(input, json.get<double>(), "");
    if (json.is_string()) return check_text_as_number(input, json.get<std::string>());
    if (json.is_boolean()) {
      return check_real(input, json.get<bool>() ? 1 : 0, "is " + json.dump() + "; taken as 0 or 1");
    }
    return bad("is " + short_json(json) + ", but must be a number");
  }
  if (input.type == "BOOLEAN") return check_boolean(json);
  if (input.type == "STRING") {
    if (json.is_string()) return check_text(json.get<std::string>());
    if (json.is_primitive() && !json.is_null()) {
      return good(shown(plain_value(json)), "is " + short_json(json) + "; taken as text");
    }
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
  if (input.type == "BOUNDING_BOX" && json.is_object()) return check_box(json);
  return bad("is " + short_json(json) + ", but must be a link to a node that gives " + input.type);
}

CheckedValue check_value(const InputSpec& input, const Value& value, const ModelFiles& files) {
  if (const auto* list = std::get_if<Items>(&value)) {
    std::vector<Value> checked;
    for (const Value& item : (*list)->values) {
      CheckedValue one = check_value(input, item, files);
      if (!one.value) return one;
      checked.push_back(std::move(*one.value));
    }
    return good(items(std::move(checked)));
  }
  if (!input.is_widget()) {
    if (types_fit(std::string(value_type_name(value)), input.type)) return good(value);
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
