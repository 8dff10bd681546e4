#include "nodes/text/regular_expression.h"

#include <array>
#include <string_view>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/error.h"
#include "base/text/quoted.h"
#include "nodes/input_value.h"
#include "nodes/text/python_text.h"

namespace zanime::nodes {
namespace {

// A pattern that backtracks forever ends here, after about a second.
constexpr uint32_t kMatchLimit = 10'000'000;
constexpr uint32_t kHeapLimitKib = 64 * 1024;
constexpr size_t kMaxMatches = 1'000'000;

// PCRE2 knows more escapes than Python and means other things by a few.
std::string translated(const std::string& pattern) {
  std::string out;
  for (size_t i = 0; i < pattern.size(); ++i) {
    if (pattern.compare(i, 2, "(*") == 0) {
      throw Error(ErrorKind::kUsage, "nothing to repeat at position " + std::to_string(i + 1));
    }
    if (pattern[i] != '\\' || i + 1 == pattern.size()) {
      out += pattern[i];
      continue;
    }
    const char escape = pattern[++i];
    const bool letter = (escape >= 'a' && escape <= 'z') || (escape >= 'A' && escape <= 'Z');
    if (escape == 'Z') {
      out += "\\z";
    } else if (escape == 'u' || escape == 'U') {
      const size_t digits = escape == 'u' ? 4 : 8;
      const std::string code = pattern.substr(i + 1, digits);
      if (code.size() < digits ||
          code.find_first_not_of("0123456789abcdefABCDEF") != std::string::npos) {
        throw Error(ErrorKind::kUsage, "incomplete escape \\" + std::string(1, escape) + code);
      }
      out += "\\x{" + code + "}";
      i += digits;
    } else if (letter && std::string_view("AbBdDsSwWafnrtvx").find(escape) == std::string::npos) {
      throw Error(ErrorKind::kUsage, "bad escape \\" + std::string(1, escape) + " at position " +
                                         std::to_string(i - 1));
    } else {
      out += std::string("\\") + escape;
      // Python's \a, \f, \v and \xhh are those of PCRE2 but for the vertical tab.
      if (escape == 'v') out.replace(out.size() - 1, 1, "x0b");
    }
  }
  return out;
}

}  // namespace

struct RegularExpression::Code {
  pcre2_code* pattern = nullptr;
  pcre2_match_context* limits = nullptr;
};

RegularExpression::RegularExpression(const std::string& pattern, const RegexOptions& options)
    : code_(std::make_unique<Code>()) {
  const std::string source = translated(pattern);
  uint32_t flags = PCRE2_UTF | PCRE2_UCP;
  if (options.ignore_case) flags |= PCRE2_CASELESS;
  if (options.multiline) flags |= PCRE2_MULTILINE;
  if (options.dot_all) flags |= PCRE2_DOTALL;
  int error = 0;
  PCRE2_SIZE place = 0;
  code_->pattern = pcre2_compile(reinterpret_cast<PCRE2_SPTR>(source.data()), source.size(), flags,
                                 &error, &place, nullptr);
  if (code_->pattern == nullptr) {
    std::array<PCRE2_UCHAR, 256> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    throw Error(ErrorKind::kUsage, "the pattern " + text::quoted(pattern) +
                                       " is not a regular expression: " +
                                       reinterpret_cast<const char*>(message.data()) +
                                       " (at position " + std::to_string(place) + ")");
  }
  code_->limits = pcre2_match_context_create(nullptr);
  pcre2_set_match_limit(code_->limits, kMatchLimit);
  pcre2_set_heap_limit(code_->limits, kHeapLimitKib);
}

RegularExpression::~RegularExpression() {
  pcre2_match_context_free(code_->limits);
  pcre2_code_free(code_->pattern);
}

size_t RegularExpression::group_count() const {
  uint32_t count = 0;
  pcre2_pattern_info(code_->pattern, PCRE2_INFO_CAPTURECOUNT, &count);
  return count;
}

std::vector<RegexMatch> RegularExpression::matches(const std::string& text, size_t count) const {
  std::vector<RegexMatch> found;
  pcre2_match_data* data = pcre2_match_data_create_from_pattern(code_->pattern, nullptr);
  const auto* subject = reinterpret_cast<PCRE2_SPTR>(text.data());
  size_t start = 0;
  bool last_empty = false;
  int result = 0;
  while (count == 0 || found.size() < count) {
    // After an empty match the next one at the same place must not be empty.
    result = pcre2_match(code_->pattern, subject, text.size(), start,
                         last_empty ? PCRE2_NOTEMPTY_ATSTART : 0, data, code_->limits);
    if (result < 0) break;
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(data);
    RegexMatch match;
    match.begin = ends[0];
    match.end = ends[1];
    for (size_t k = 0; k <= group_count(); ++k) {
      if (ends[2 * k] == PCRE2_UNSET) {
        match.groups.emplace_back();
      } else {
        match.groups.emplace_back(text.substr(ends[2 * k], ends[2 * k + 1] - ends[2 * k]));
      }
    }
    if (found.size() == kMaxMatches) {
      result = PCRE2_ERROR_MATCHLIMIT;
      break;
    }
    start = match.end;
    last_empty = match.begin == match.end;
    found.push_back(std::move(match));
  }
  pcre2_match_data_free(data);
  if (result < 0 && result != PCRE2_ERROR_NOMATCH) {
    throw Error(
        ErrorKind::kResource,
        "the pattern takes too many steps on this text, or matches too often; write it with "
        "fewer ways to match");
  }
  return found;
}

size_t RegularExpression::group_number(const std::string& name) const {
  const bool digits = !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
  if (digits && name.size() < 4) {
    const auto number = static_cast<size_t>(std::stoi(name));
    if (number <= group_count()) return number;
  } else if (!digits && !name.empty()) {
    const int number = pcre2_substring_number_from_name(code_->pattern,
                                                        reinterpret_cast<PCRE2_SPTR>(name.c_str()));
    if (number >= 0) return static_cast<size_t>(number);
  }
  throw Error(ErrorKind::kUsage, "the replacement names the group " + text::quoted(name) +
                                     ", which the pattern does not have");
}

std::string RegularExpression::expanded(const std::string& replacement,
                                        const RegexMatch& match) const {
  constexpr std::string_view kLetters = "abfnrtv", kMeanings = "\a\b\f\n\r\t\v";
  const auto is_digit = [&](size_t at) {
    return at < replacement.size() && replacement[at] >= '0' && replacement[at] <= '9';
  };
  const auto is_octal = [&](size_t at) { return is_digit(at) && replacement[at] < '8'; };
  std::string out;
  for (size_t i = 0; i < replacement.size(); ++i) {
    if (replacement[i] != '\\') {
      out += replacement[i];
      continue;
    }
    if (++i == replacement.size()) {
      throw Error(ErrorKind::kUsage, "the replacement ends with a single `\\`");
    }
    const char escape = replacement[i];
    if (escape == 'g') {
      const size_t end = replacement.find('>', i);
      if (i + 1 >= replacement.size() || replacement[i + 1] != '<' || end == std::string::npos) {
        throw Error(ErrorKind::kUsage, "in the replacement, \\g must be followed by <group>");
      }
      const size_t group = group_number(replacement.substr(i + 2, end - i - 2));
      out += match.groups[group].value_or("");
      i = end;
    } else if (escape == '0' || (is_octal(i) && is_octal(i + 1) && is_octal(i + 2))) {
      // An octal character: after 0 up to two digits more.
      unsigned code = 0;
      for (size_t digits = 0; digits < 3 && is_octal(i); ++digits, ++i) {
        code = code * 8 + static_cast<unsigned>(replacement[i] - '0');
      }
      --i;
      if (code > 0377)
        throw Error(ErrorKind::kUsage, "in the replacement, an octal character is beyond \\377");
      const auto character = static_cast<char32_t>(code);
      out += utf8({&character, 1});
    } else if (is_digit(i)) {
      std::string number(1, escape);
      if (is_digit(i + 1)) number += replacement[++i];
      out += match.groups[group_number(number)].value_or("");
    } else if (const size_t at = kLetters.find(escape); at != std::string_view::npos) {
      out += kMeanings[at];
    } else if (escape == '\\') {
      out += '\\';
    } else if ((escape >= 'a' && escape <= 'z') || (escape >= 'A' && escape <= 'Z')) {
      throw Error(ErrorKind::kUsage,
                  "in the replacement, \\" + std::string(1, escape) + " means nothing");
    } else {
      out += std::string("\\") + escape;
    }
  }
  return out;
}

std::string RegularExpression::replaced(const std::string& text, const std::string& replacement,
                                        size_t count) const {
  // A bad template is an error even where nothing matches.
  RegexMatch nothing;
  nothing.groups.resize(group_count() + 1);
  expanded(replacement, nothing);

  std::string out;
  size_t done = 0;
  for (const RegexMatch& match : matches(text, count)) {
    out.append(text, done, match.begin - done);
    out += expanded(replacement, match);
    done = match.end;
  }
  return out.append(text, done, std::string::npos);
}

}  // namespace zanime::nodes
