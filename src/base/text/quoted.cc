#include "base/text/quoted.h"

#include <cstdint>
#include <cstdio>

namespace zanime::text {
namespace {

constexpr size_t kShown = 80;

bool is_continuation(char c) { return (static_cast<uint8_t>(c) & 0xc0) == 0x80; }

// How the bytes after the first one of a UTF-8 sequence must look (RFC 3629, section 4).
struct SequenceRule {
  size_t size = 0;  // 0: no sequence begins like this
  uint8_t second_min = 0x80, second_max = 0xbf;
};

SequenceRule rule_for(uint8_t first) {
  if (first < 0x80) return {1};
  if (first < 0xc2) return {0};
  if (first < 0xe0) return {2};
  if (first == 0xe0) return {3, 0xa0, 0xbf};
  if (first == 0xed) return {3, 0x80, 0x9f};  // surrogates
  if (first < 0xf0) return {3};
  if (first == 0xf0) return {4, 0x90, 0xbf};
  if (first < 0xf4) return {4};
  if (first == 0xf4) return {4, 0x80, 0x8f};
  return {0};
}

// How many bytes at the start of `text` are one character, or the beginning of one that breaks off.
struct Sequence {
  size_t size = 1;
  bool is_whole = false;
};

Sequence sequence_at(std::string_view text) {
  const SequenceRule rule = rule_for(static_cast<uint8_t>(text[0]));
  if (rule.size == 0) return {1, false};
  for (size_t i = 1; i < rule.size; ++i) {
    const uint8_t byte = i < text.size() ? static_cast<uint8_t>(text[i]) : 0;
    const bool fits =
        i == 1 ? byte >= rule.second_min && byte <= rule.second_max : byte >= 0x80 && byte <= 0xbf;
    if (!fits) return {i, false};
  }
  return {rule.size, true};
}

std::string escape_of(char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default: {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04x", static_cast<unsigned>(c));
      return code;
    }
  }
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string_view shown = text.substr(0, kShown);
  if (text.size() > kShown) {
    while (!shown.empty() && is_continuation(text[shown.size()])) shown.remove_suffix(1);
  }
  const bool is_cut = shown.size() < text.size();
  std::string result;
  while (!shown.empty()) {
    const char c = shown.front();
    const Sequence sequence = sequence_at(shown);
    if (!sequence.is_whole) {
      result += "\xef\xbf\xbd";
    } else if (c == '"' || c == '\\' || (c >= 0 && c < 0x20)) {
      result += escape_of(c);
    } else {
      result += shown.substr(0, sequence.size);
    }
    shown.remove_prefix(sequence.size);
  }
  return is_cut ? result + "…" : result;
}

std::string quoted(std::string_view text) { return '"' + escaped(text) + '"'; }

}  // namespace zanime::text
