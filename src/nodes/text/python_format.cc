#include "nodes/text/python_format.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/text/quoted.h"
#include "nodes/input_value.h"
#include "nodes/text/python_number.h"
#include "nodes/text/python_text.h"
#include "nodes/text/python_value.h"

namespace zanime::nodes {
namespace {

// A few characters must not become gigabytes.
constexpr int kMaxFormatWidth = 100000;

[[noreturn]] void format_error(const std::string& what) { throw Error(ErrorKind::kGraph, what); }

// [[fill]align][sign][#][0][width][grouping][.precision][type]
struct FormatSpec {
  char32_t fill = U' ';
  char32_t align = 0;
  char32_t sign = U'-';
  bool alternate = false;
  int width = 0;
  char32_t grouping = 0;
  int precision = -1;
  char32_t type = 0;
};

bool is_align(char32_t c) { return c == U'<' || c == U'>' || c == U'^' || c == U'='; }

FormatSpec parse_spec(const std::string& text) {
  const std::u32string spec = characters(text);
  FormatSpec parsed;
  size_t i = 0;
  const auto at = [&](size_t k) { return k < spec.size() ? spec[k] : char32_t{0}; };
  const auto number = [&] {
    int value = 0;
    for (; at(i) >= U'0' && at(i) <= U'9'; ++i) {
      value = value * 10 + static_cast<int>(at(i) - U'0');
      if (value > kMaxFormatWidth) {
        format_error("the format " + text::quoted(text) + " asks for more than " +
                     std::to_string(kMaxFormatWidth) + " characters");
      }
    }
    return value;
  };
  if (spec.size() >= 2 && is_align(spec[1])) {
    parsed.fill = spec[0];
    parsed.align = spec[1];
    i = 2;
  } else if (is_align(at(0))) {
    parsed.align = spec[0];
    i = 1;
  }
  if (at(i) == U'+' || at(i) == U'-' || at(i) == U' ') parsed.sign = spec[i++];
  if (at(i) == U'#') {
    parsed.alternate = true;
    ++i;
  }
  if (at(i) == U'0') {
    if (parsed.align == 0) {
      parsed.fill = U'0';
      parsed.align = U'=';
    }
    ++i;
  }
  parsed.width = number();
  if (at(i) == U',' || at(i) == U'_') parsed.grouping = spec[i++];
  if (at(i) == U'.') {
    ++i;
    if (at(i) < U'0' || at(i) > U'9')
      format_error("the format " + text::quoted(text) + " names no precision after its point");
    parsed.precision = number();
  }
  if (i < spec.size()) parsed.type = spec[i++];
  if (i < spec.size()) format_error("the format " + text::quoted(text) + " is not one of Python's");
  return parsed;
}

std::string padded(const std::string& text, const FormatSpec& spec, char32_t default_align) {
  const auto length = static_cast<int>(characters(text).size());
  if (length >= spec.width) return text;
  const int missing = spec.width - length;
  const char32_t align = spec.align == 0 ? default_align : spec.align;
  const int left = align == U'<' ? 0 : align == U'^' ? missing / 2 : missing;
  const auto fill = [&](int count) {
    return utf8(std::u32string(static_cast<size_t>(count), spec.fill));
  };
  return fill(left) + text + fill(missing - left);
}

// Digits with a separator between groups, filled with zeros up to `width` characters.
std::string grouped(std::string digits, const FormatSpec& spec, size_t group, size_t width) {
  if (spec.grouping == 0) {
    return digits.size() < width ? std::string(width - digits.size(), '0') + digits : digits;
  }
  const auto with_marks = [&] {
    std::string out;
    for (size_t i = 0; i < digits.size(); ++i) {
      if (i > 0 && (digits.size() - i) % group == 0) out += static_cast<char>(spec.grouping);
      out += digits[i];
    }
    return out;
  };
  std::string out = with_marks();
  while (out.size() < width) {
    digits.insert(digits.begin(), '0');
    out = with_marks();
  }
  return out;
}

// `whole` digits, then `rest` (point, exponent, percent sign), with the sign and a prefix such as
// 0x in front.
std::string assembled(bool negative, const std::string& prefix, const std::string& whole,
                      const std::string& rest, size_t group, const FormatSpec& spec) {
  std::string front = negative ? "-" : spec.sign == U'-' ? "" : utf8({&spec.sign, 1});
  front += prefix;
  const bool zeros = spec.align == U'=' && spec.fill == U'0';
  const size_t used = front.size() + rest.size();
  const auto width = static_cast<size_t>(spec.width);
  const std::string digits = grouped(whole, spec, group, zeros && width > used ? width - used : 0);
  if (spec.align == U'=') {
    FormatSpec inner = spec;
    inner.align = U'>';
    inner.width = std::max(0, spec.width - static_cast<int>(front.size()));
    return front + padded(digits + rest, inner, U'>');
  }
  return padded(front + digits + rest, spec, U'>');
}

std::string printed(double value, int precision, char conversion, bool alternate) {
  const std::string format = std::string("%") + (alternate ? "#" : "") + ".*" + conversion;
  const int size = std::snprintf(nullptr, 0, format.c_str(), precision, value);
  std::string out(static_cast<size_t>(size) + 1, '\0');
  std::snprintf(out.data(), out.size(), format.c_str(), precision, value);
  out.resize(static_cast<size_t>(size));
  return out;
}

// Without a type: as repr(), or with `precision` digits and at least one after the point.
std::string general(double value, int precision) {
  if (precision < 0) return real_repr(value);
  const int digits = std::max(precision, 1);
  const std::string scientific = printed(value, digits - 1, 'e', false);
  if (std::isfinite(value) &&
      std::atoi(scientific.c_str() + scientific.find('e') + 1) + 1 > digits - 1) {
    std::string text = printed(value, digits, 'g', false);
    if (text.find('e') != std::string::npos) return text;
    // What the general form would still write out has an exponent here; without trailing zeros.
    const size_t mark = scientific.find('e');
    std::string mantissa = scientific.substr(0, mark);
    if (mantissa.find('.') != std::string::npos) {
      mantissa.erase(mantissa.find_last_not_of('0') + 1);
      if (mantissa.back() == '.') mantissa.pop_back();
    }
    return mantissa + scientific.substr(mark);
  }
  std::string text = printed(value, digits, 'g', false);
  if (std::isfinite(value) && text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string format_real(double value, const FormatSpec& spec, const std::string& spec_text) {
  const bool negative = std::signbit(value) && !std::isnan(value);
  const double size = std::abs(value);
  const int precision = spec.precision < 0 ? 6 : spec.precision;
  std::string text;
  switch (spec.type) {
    case 0:
      text = general(size, spec.precision);
      break;
    case U'e':
    case U'E':
    case U'f':
    case U'F':
    case U'g':
    case U'G':
      text = printed(size, precision, static_cast<char>(spec.type), spec.alternate);
      break;
    case U'n':
      text = printed(size, precision, 'g', spec.alternate);
      break;
    case U'%':
      text = printed(size * 100.0, precision, 'f', spec.alternate) + "%";
      break;
    default:
      format_error("the format " + text::quoted(spec_text) + " is not one for a FLOAT");
  }
  size_t whole = 0;
  while (whole < text.size() && text[whole] >= '0' && text[whole] <= '9') ++whole;
  if (!std::isfinite(size)) whole = text.size();
  return assembled(negative, "", text.substr(0, whole), text.substr(whole), 3, spec);
}

std::string digits_of(WideInt size, int base) {
  std::string digits;
  do {
    digits += "0123456789abcdef"[static_cast<int>(size % base)];
    size /= base;
  } while (size != 0);
  std::reverse(digits.begin(), digits.end());
  return digits;
}

std::string format_integer(WideInt value, const FormatSpec& spec, const std::string& spec_text) {
  if (spec.type != 0 && std::u32string_view(U"eEfFgG%").find(spec.type) != std::u32string::npos) {
    return format_real(static_cast<double>(value), spec, spec_text);
  }
  if (spec.precision >= 0)
    format_error("the format " + text::quoted(spec_text) +
                 " has a precision, which an INT cannot have");
  if (spec.type == U'c') {
    if (value < 0 || value > 0x10ffff)
      format_error("no character has the number " + to_string(value));
    const auto character = static_cast<char32_t>(value);
    return padded(utf8({&character, 1}), spec, U'<');
  }
  int base = 10;
  std::string prefix;
  switch (spec.type) {
    case 0:
    case U'd':
    case U'n':
      break;
    case U'b':
      base = 2;
      prefix = "0b";
      break;
    case U'o':
      base = 8;
      prefix = "0o";
      break;
    case U'x':
    case U'X':
      base = 16;
      prefix = spec.type == U'x' ? "0x" : "0X";
      break;
    default:
      format_error("the format " + text::quoted(spec_text) + " is not one for an INT");
  }
  std::string digits = digits_of(value < 0 ? -value : value, base);
  if (spec.type == U'X') digits = upper(digits);
  return assembled(value < 0, spec.alternate ? prefix : "", digits, "", base == 10 ? 3 : 4, spec);
}

std::string format_string(const std::string& text, const FormatSpec& spec,
                          const std::string& spec_text) {
  if ((spec.type != 0 && spec.type != U's') || spec.sign != U'-' || spec.alternate ||
      spec.grouping != 0 || (spec.align == U'=' && spec.fill != U'0')) {
    format_error("the format " + text::quoted(spec_text) + " is not one for a text");
  }
  FormatSpec filled = spec;
  if (filled.align == U'=') filled.align = U'<';
  std::u32string shortened = characters(text);
  if (spec.precision >= 0 && shortened.size() > static_cast<size_t>(spec.precision)) {
    shortened.resize(static_cast<size_t>(spec.precision));
  }
  return padded(utf8(shortened), filled, U'<');
}

std::string formatted(const Value& value, const std::string& spec_text) {
  if (spec_text.empty()) return shown(value);
  const FormatSpec spec = parse_spec(spec_text);
  if (const auto* text = std::get_if<std::string>(&value)) {
    return format_string(*text, spec, spec_text);
  }
  if (const auto* real = std::get_if<double>(&value)) return format_real(*real, spec, spec_text);
  if (const auto* integer = std::get_if<WideInt>(&value)) {
    return format_integer(*integer, spec, spec_text);
  }
  if (const auto* boolean = std::get_if<bool>(&value)) {
    return format_integer(*boolean ? 1 : 0, spec, spec_text);
  }
  format_error("the format " + text::quoted(spec_text) + " cannot be used for " +
               std::string(value_type_name(value)));
}

Value item_of(const Value& value, const std::string& index) {
  const std::optional<WideInt> place = parse_integer(index);
  if (const auto* text = std::get_if<std::string>(&value)) {
    const std::u32string all = characters(*text);
    if (!place || *place < 0 || *place >= static_cast<WideInt>(all.size())) {
      format_error("the text has no character [" + index + "]");
    }
    return utf8(std::u32string_view(all).substr(static_cast<size_t>(*place), 1));
  }
  if (const auto* json = std::get_if<Json>(&value)) {
    const nlohmann::ordered_json& held = json->value;
    if (held.is_object() && held.contains(index)) return plain_value(held[index]);
    if (held.is_array() && place && *place >= 0 && *place < static_cast<WideInt>(held.size())) {
      return plain_value(held[static_cast<size_t>(*place)]);
    }
  }
  format_error("the value has no item [" + index + "]");
}

class Formatter {
 public:
  explicit Formatter(const std::map<std::string, Value>& fields) : fields_(fields) {}

  // `depth`: a specification may hold fields, those no more.
  std::string run(const std::string& text, int depth) const {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
      const char c = text[i];
      if (c == '{' && i + 1 < text.size() && text[i + 1] == '{' && depth == 0) {
        out += text[i++];
      } else if (c == '}') {
        if (i + 1 >= text.size() || text[i + 1] != '}') {
          format_error("a `}` stands alone; write `}}` for the character");
        }
        out += text[i++];
      } else if (c == '{') {
        if (depth > 1) format_error("the fields stand too deep in one another");
        const size_t end = closing(text, i);
        out += field(text.substr(i + 1, end - i - 1), depth);
        i = end;
      } else {
        out += c;
      }
    }
    return out;
  }

 private:
  static size_t closing(const std::string& text, size_t open) {
    int level = 0;
    for (size_t i = open; i < text.size(); ++i) {
      if (text[i] == '{') ++level;
      if (text[i] == '}' && --level == 0) return i;
    }
    format_error("a `{` has no `}`; write `{{` for the character");
  }

  // name[index]!conversion:specification
  std::string field(const std::string& inside, int depth) const {
    const size_t name_end = std::min(inside.find_first_of(":!"), inside.size());
    std::string rest = inside.substr(name_end);
    Value value = named(inside.substr(0, name_end));
    if (rest.starts_with("!")) {
      if (rest.size() < 2 || (rest.size() > 2 && rest[2] != ':')) {
        format_error("`!` must be followed by r, s or a and then by a colon or the end");
      }
      const char conversion = rest[1];
      if (conversion == 'r') {
        value = repr(value);
      } else if (conversion == 'a') {
        const auto* text = std::get_if<std::string>(&value);
        value = text != nullptr ? text_repr(*text, /*ascii=*/true) : repr(value);
      } else if (conversion == 's') {
        value = shown(value);
      } else {
        format_error("`!" + rest.substr(1, 1) + "` is no conversion; there are !r, !s and !a");
      }
      rest.erase(0, 2);
    }
    return formatted(value, rest.empty() ? "" : run(rest.substr(1), depth + 1));
  }

  Value named(const std::string& path) const {
    const size_t end = std::min(path.find_first_of(".["), path.size());
    const std::string name = path.substr(0, end);
    const auto found = fields_.find(name);
    if (found == fields_.end()) {
      format_error(name.empty() ? "`{}` names no value; write {a}, {b}, …"
                                : "there is no value " + text::quoted(name));
    }
    Value value = found->second;
    for (size_t i = end; i < path.size();) {
      const size_t close = path.find(']', i);
      if (path[i] != '[' || close == std::string::npos) {
        format_error("in the field " + text::quoted(path) + " only [index] may follow the name");
      }
      value = item_of(value, path.substr(i + 1, close - i - 1));
      i = close + 1;
    }
    return value;
  }

  const std::map<std::string, Value>& fields_;
};

}  // namespace

std::string format_text(const std::string& text, const std::map<std::string, Value>& fields) {
  return Formatter(fields).run(text, 0);
}

}  // namespace zanime::nodes
