#include "pictures/name_words.h"

#include <algorithm>
#include <ctime>
#include <string_view>

namespace zanime::pictures {
namespace {

std::tm local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm local = {};
  localtime_r(&now, &local);
  return local;
}

std::string two_digits(int number) {
  std::string digits = std::to_string(number);
  return digits.size() < 2 ? "0" + digits : digits;
}

// What one of the editor's letters counts; nothing for others.
std::optional<int> number_for(char letter, const std::tm& time) {
  switch (letter) {
    case 'M':
      return time.tm_mon + 1;
    case 'd':
      return time.tm_mday;
    case 'h':
      return time.tm_hour;
    case 'm':
      return time.tm_min;
    case 's':
      return time.tm_sec;
    default:
      return std::nullopt;
  }
}

}  // namespace

std::string fill_in_words(
    const std::string& text,
    const std::function<std::optional<std::string>(const std::string& word)>& value_of) {
  std::string result;
  for (size_t i = 0; i < text.size();) {
    const size_t close = text[i] == '%' ? text.find('%', i + 1) : std::string::npos;
    const auto value =
        close == std::string::npos ? std::nullopt : value_of(text.substr(i + 1, close - i - 1));
    if (value) {
      result += *value;
      i = close + 1;
    } else {
      result += text[i++];
    }
  }
  return result;
}

std::optional<std::string> time_word(const std::string& word) {
  const std::tm time = local_time();
  if (word == "year") return std::to_string(time.tm_year + 1900);
  if (word == "month") return two_digits(time.tm_mon + 1);
  if (word == "day") return two_digits(time.tm_mday);
  if (word == "hour") return two_digits(time.tm_hour);
  if (word == "minute") return two_digits(time.tm_min);
  if (word == "second") return two_digits(time.tm_sec);
  return std::nullopt;
}

std::optional<std::string> date_word(const std::string& word) {
  constexpr std::string_view kMark = "date:";
  if (!word.starts_with(kMark)) return std::nullopt;
  const std::string_view format = std::string_view(word).substr(kMark.size());
  const std::tm time = local_time();
  const std::string year = std::to_string(time.tm_year + 1900);
  std::string text;
  for (size_t i = 0; i < format.size();) {
    const char letter = format[i];
    const size_t run = std::min(format.find_first_not_of(letter, i), format.size()) - i;
    const std::optional<int> number = number_for(letter, time);
    if (letter == 'y' && run >= 2) {
      const size_t taken = run >= 4 ? 4 : 2;
      text += year.substr(year.size() - std::min(taken, year.size()));
      i += taken;
    } else if (number) {
      text += run >= 2 ? two_digits(*number) : std::to_string(*number);
      i += std::min<size_t>(run, 2);
    } else {
      text += letter;
      ++i;
    }
  }
  return text;
}

}  // namespace zanime::pictures
