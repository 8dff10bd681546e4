#include "nodes/text/python_value.h"

#include "nodes/text/python_number.h"
#include "nodes/text/python_text.h"

namespace zanime::nodes {

using nlohmann::ordered_json;

std::string repr(const ordered_json& json) {
  if (json.is_null()) return "None";
  if (json.is_boolean()) return json.get<bool>() ? "True" : "False";
  if (json.is_number_float()) return real_repr(json.get<double>());
  if (json.is_number()) return json.dump();
  if (json.is_string()) return text_repr(json.get_ref<const std::string&>());
  std::string out = json.is_array() ? "[" : "{";
  bool first = true;
  for (const auto& [key, value] : json.items()) {
    if (!first) out += ", ";
    first = false;
    if (json.is_object()) out += text_repr(key) + ": ";
    out += repr(value);
  }
  return out + (json.is_array() ? "]" : "}");
}

std::string repr(const Value& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return text_repr(*text);
  return shown(value);
}

std::string shown(const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return "None";
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? "True" : "False";
  if (const auto* integer = std::get_if<WideInt>(&value)) return to_string(*integer);
  if (const auto* real = std::get_if<double>(&value)) return real_repr(*real);
  if (const auto* text = std::get_if<std::string>(&value)) return *text;
  if (const auto* json = std::get_if<Json>(&value)) return repr(json->value);
  return "<" + std::string(value_type_name(value)) + ">";
}

bool is_true(const Value& value) {
  if (std::holds_alternative<std::monostate>(value)) return false;
  if (const auto* boolean = std::get_if<bool>(&value)) return *boolean;
  if (const auto* integer = std::get_if<WideInt>(&value)) return *integer != 0;
  if (const auto* real = std::get_if<double>(&value)) return *real != 0.0;
  if (const auto* text = std::get_if<std::string>(&value)) return !text->empty();
  if (const auto* json = std::get_if<Json>(&value)) return !json->value.empty();
  if (const auto* list = std::get_if<Items>(&value)) return !(*list)->values.empty();
  return true;
}

}  // namespace zanime::nodes
