#include "nodes/text/python_number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <system_error>

#include "nodes/text/python_text.h"

namespace zanime::nodes {
namespace {

// From here on, and below 1e-4, repr() writes an exponent.
constexpr int kExponentFrom = 16;
constexpr int kExponentBelow = -4;

// The text in ASCII, small, without white space around and underscores inside; nothing where an
// underscore does not stand between digits or a character belongs to no number.
std::optional<std::string> plain_digits(std::string_view text) {
  const std::u32string all = characters(stripped(text));
  std::string out;
  const auto is_digit_at = [&](size_t i) { return i < all.size() && decimal_digit(all[i]); };
  for (size_t i = 0; i < all.size(); ++i) {
    if (all[i] == '_') {
      if (i == 0 || !is_digit_at(i - 1) || !is_digit_at(i + 1)) return std::nullopt;
    } else if (const std::optional<int> digit = decimal_digit(all[i])) {
      out += static_cast<char>('0' + *digit);
    } else if (all[i] >= 'A' && all[i] <= 'Z') {
      out += static_cast<char>(all[i] - 'A' + 'a');
    } else if (all[i] < 0x80) {
      out += static_cast<char>(all[i]);
    } else {
      return std::nullopt;
    }
  }
  return out;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// [digits][.[digits]][e[sign]digits] with a digit before or after the point.
bool is_decimal(std::string_view text) {
  size_t i = 0, digits = 0;
  const auto skip_digits = [&] {
    size_t count = 0;
    for (; i < text.size() && is_digit(text[i]); ++i) ++count;
    return count;
  };
  digits += skip_digits();
  if (i < text.size() && text[i] == '.') {
    ++i;
    digits += skip_digits();
  }
  if (digits == 0) return false;
  if (i < text.size() && text[i] == 'e') {
    ++i;
    if (i < text.size() && (text[i] == '+' || text[i] == '-')) ++i;
    if (skip_digits() == 0) return false;
  }
  return i == text.size();
}

double to_double(const std::string& decimal) {
  double value = 0.0;
  const char* end = decimal.data() + decimal.size();
  if (std::from_chars(decimal.data(), end, value).ec == std::errc()) return value;
  // Out of range: the wider type tells on which side.
  long double wide = 0.0L;
  if (std::from_chars(decimal.data(), end, wide).ec == std::errc()) {
    return static_cast<double>(wide);
  }
  return decimal.find("e-") == std::string::npos ? std::numeric_limits<double>::infinity() : 0.0;
}

}  // namespace

std::string real_repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  std::array<char, 64> buffer{};
  const char* end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), std::abs(value),
                                  std::chars_format::scientific)
                        .ptr;
  const std::string_view text(buffer.data(), static_cast<size_t>(end - buffer.data()));
  const size_t mark = text.find('e');
  const int exponent = std::atoi(text.data() + mark + 1);
  std::string digits(text.substr(0, mark));
  std::erase(digits, '.');
  std::string out = std::signbit(value) ? "-" : "";
  if (exponent < kExponentBelow || exponent >= kExponentFrom) {
    out += digits.substr(0, 1);
    if (digits.size() > 1) out += "." + digits.substr(1);
    const std::string size = std::to_string(std::abs(exponent));
    return out + (exponent < 0 ? "e-" : "e+") + (size.size() < 2 ? "0" : "") + size;
  }
  if (exponent < 0)
    return out + "0." + std::string(static_cast<size_t>(-exponent - 1), '0') + digits;
  const auto whole = static_cast<size_t>(exponent) + 1;
  if (digits.size() <= whole) return out + digits + std::string(whole - digits.size(), '0') + ".0";
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

std::optional<WideInt> parse_integer(std::string_view text) {
  const std::optional<std::string> plain = plain_digits(text);
  if (!plain || plain->empty()) return std::nullopt;
  const bool negative = plain->front() == '-';
  const std::string digits = plain->substr(negative || plain->front() == '+' ? 1 : 0);
  if (digits.empty() || !std::all_of(digits.begin(), digits.end(), is_digit)) return std::nullopt;
  WideInt value = 0;
  for (const char digit : digits) {
    if (__builtin_mul_overflow(value, WideInt{10}, &value) ||
        __builtin_sub_overflow(value, WideInt{digit - '0'}, &value)) {
      return std::nullopt;
    }
  }
  // Gathered below zero, where one number more fits.
  if (!negative && __builtin_sub_overflow(WideInt{0}, value, &value)) return std::nullopt;
  return value;
}

std::optional<double> parse_real(std::string_view text) {
  const std::optional<std::string> plain = plain_digits(text);
  if (!plain || plain->empty()) return std::nullopt;
  const bool negative = plain->front() == '-';
  const std::string rest = plain->substr(negative || plain->front() == '+' ? 1 : 0);
  double value = 0.0;
  if (rest == "inf" || rest == "infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (rest == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else if (is_decimal(rest)) {
    value = to_double(rest);
  } else {
    return std::nullopt;
  }
  return negative ? -value : value;
}

}  // namespace zanime::nodes
