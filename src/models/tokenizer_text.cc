#include "models/tokenizer_text.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include <utf8proc.h>

#include "base/error.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

namespace zanime::models {
namespace {

// Length of the well-formed sequence at the front of `bytes`, or minus the number of bytes that
// one U+FFFD stands for.
int sequence_length(std::string_view bytes) {
  const auto at = [&](size_t i) { return static_cast<uint8_t>(bytes[i]); };
  const uint8_t lead = at(0);
  if (lead < 0x80) return 1;
  const int length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4) return -1;
  // Table 3-7: after some lead bytes the second byte's range is narrower, which leaves out
  // overlong forms, surrogates and values beyond U+10FFFF.
  uint8_t low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  uint8_t high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  for (int i = 1; i < length; ++i) {
    if (static_cast<size_t>(i) >= bytes.size() || at(i) < low || at(i) > high) return -i;
    low = 0x80;
    high = 0xbf;
  }
  return length;
}

bool is_ascii(std::string_view text) {
  return std::none_of(text.begin(), text.end(),
                      [](char byte) { return (static_cast<uint8_t>(byte) & 0x80) != 0; });
}

// Puts each run of combining marks in canonical order (Unicode 15, section 3.11, D108).
void order_marks(std::vector<utf8proc_int32_t>& codes) {
  const auto mark_class = [](utf8proc_int32_t code) {
    return utf8proc_get_property(code)->combining_class;
  };
  for (auto begin = codes.begin(); begin != codes.end();) {
    if (mark_class(*begin) == 0) {
      ++begin;
      continue;
    }
    const auto end = std::find_if(begin, codes.end(), [&](auto c) { return mark_class(c) == 0; });
    std::stable_sort(begin, end, [&](auto a, auto b) { return mark_class(a) < mark_class(b); });
    begin = end;
  }
}

// PCRE2's classes are those of the Unicode version it was built with (14 in Debian 12). These are
// the letters and numbers that Unicode 15, 15.1 and 16 added, so that a word does not split
// differently from one library version to another.
#define ZANIME_NEWER_LETTERS                                                                    \
  R"(\x{1c89}\x{1c8a}\x{a7cb}-\x{a7cd}\x{a7da}-\x{a7dc}\x{105c0}-\x{105f3}\x{10d4a}-\x{10d65})" \
  R"(\x{10d6f}-\x{10d85}\x{10ec2}-\x{10ec4}\x{1123f}\x{11240}\x{11380}-\x{11389}\x{1138b})"     \
  R"(\x{1138e}\x{11390}-\x{113b5}\x{113b7}\x{113d1}\x{113d3}\x{11bc0}-\x{11be0}\x{11f02})"      \
  R"(\x{11f04}-\x{11f10}\x{11f12}-\x{11f33}\x{1342f}\x{13441}-\x{13446}\x{13460}-\x{143fa})"    \
  R"(\x{16100}-\x{1611d}\x{16d40}-\x{16d6c}\x{18cff}\x{1b132}\x{1b155}\x{1df25}-\x{1df2a})"     \
  R"(\x{1e030}-\x{1e06d}\x{1e4d0}-\x{1e4eb}\x{1e5d0}-\x{1e5ed}\x{1e5f0}\x{2b739})"              \
  R"(\x{2ebf0}-\x{2ee5d}\x{31350}-\x{323af})"
#define ZANIME_NEWER_NUMBERS                                                        \
  R"(\x{10d40}-\x{10d49}\x{116d0}-\x{116e3}\x{11bf0}-\x{11bf9}\x{11f50}-\x{11f59})" \
  R"(\x{16130}-\x{16139}\x{16d70}-\x{16d79}\x{1ccf0}-\x{1ccf9}\x{1d2c0}-\x{1d2d3})" \
  R"(\x{1e4f0}-\x{1e4f9}\x{1e5f1}-\x{1e5fa})"
#define ZANIME_LETTER R"(\p{L})" ZANIME_NEWER_LETTERS
#define ZANIME_NUMBER R"(\p{N})" ZANIME_NEWER_NUMBERS
// White_Space. PCRE2's own \s also takes U+180E.
#define ZANIME_SPACE \
  R"(\t-\r \x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000})"

// Qwen2's pattern. Letters match without regard to case in contractions only; "'ſ" (U+017F) is one
// there, as in the reference.
constexpr char kWordPattern[] =
    "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    "|[^\\r\\n" ZANIME_LETTER ZANIME_NUMBER "]?[" ZANIME_LETTER
    "]+"
    "|[" ZANIME_NUMBER
    "]"
    "| ?[^" ZANIME_SPACE ZANIME_LETTER ZANIME_NUMBER
    "]+[\\r\\n]*"
    "|[" ZANIME_SPACE
    "]*[\\r\\n]+"
    "|[" ZANIME_SPACE "]+(?![^" ZANIME_SPACE
    "])"
    "|[" ZANIME_SPACE "]+";

#undef ZANIME_NEWER_LETTERS
#undef ZANIME_NEWER_NUMBERS
#undef ZANIME_LETTER
#undef ZANIME_NUMBER
#undef ZANIME_SPACE

[[noreturn]] void throw_pattern_error(int code) {
  PCRE2_UCHAR message[256] = {};
  pcre2_get_error_message(code, message, sizeof message);
  throw Error(ErrorKind::kInternal,
              std::string("the tokenizer's pattern: ") + reinterpret_cast<const char*>(message));
}

}  // namespace

std::string repair_utf8(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size());
  for (size_t i = 0; i < text.size();) {
    const int length = sequence_length(text.substr(i));
    if (length > 0) {
      repaired.append(text, i, length);
    } else {
      repaired += "\xef\xbf\xbd";
    }
    i += std::abs(length);
  }
  return repaired;
}

// utf8proc's own decomposition orders marks by insertion, which takes quadratic time on a long run
// of them; its tables and its composition are used, the ordering is done here.
std::string normalize_nfc(std::string_view text) {
  if (is_ascii(text)) return std::string(text);
  std::vector<utf8proc_int32_t> codes;
  codes.reserve(text.size());
  const auto* bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  const auto size = static_cast<utf8proc_ssize_t>(text.size());
  for (utf8proc_ssize_t i = 0; i < size;) {
    utf8proc_int32_t code = 0;
    i += utf8proc_iterate(bytes + i, size - i, &code);
    // No canonical decomposition is longer than four codes (Unicode 15, UAX 15, section 12).
    utf8proc_int32_t decomposed[8];
    int boundary = 0;
    const utf8proc_ssize_t count =
        utf8proc_decompose_char(code, decomposed, 8, UTF8PROC_DECOMPOSE, &boundary);
    codes.insert(codes.end(), decomposed, decomposed + count);
  }
  order_marks(codes);
  const utf8proc_ssize_t count =
      utf8proc_normalize_utf32(codes.data(), static_cast<utf8proc_ssize_t>(codes.size()),
                               static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE));
  std::string composed;
  composed.reserve(text.size());
  for (utf8proc_ssize_t i = 0; i < count; ++i) {
    utf8proc_uint8_t encoded[4];
    const utf8proc_ssize_t length = utf8proc_encode_char(codes[i], encoded);
    composed.append(reinterpret_cast<const char*>(encoded), length);
  }
  return composed;
}

struct WordSplitter::Pattern {
  pcre2_code* code = nullptr;

  ~Pattern() { pcre2_code_free(code); }
};

WordSplitter::WordSplitter() : pattern_(std::make_unique<Pattern>()) {
  int error = 0;
  PCRE2_SIZE place = 0;
  pattern_->code =
      pcre2_compile(reinterpret_cast<PCRE2_SPTR>(kWordPattern), sizeof kWordPattern - 1,
                    PCRE2_UTF | PCRE2_UCP | PCRE2_NO_AUTO_CAPTURE, &error, &place, nullptr);
  if (pattern_->code == nullptr) throw_pattern_error(error);
  // Where machine code may not be made at run time, the interpreter gives the same matches.
  pcre2_jit_compile(pattern_->code, PCRE2_JIT_COMPLETE);
}

WordSplitter::~WordSplitter() = default;

void WordSplitter::split(std::string_view text,
                         const std::function<void(std::string_view)>& word) const {
  const std::unique_ptr<pcre2_match_data, decltype(&pcre2_match_data_free)> match(
      pcre2_match_data_create(1, nullptr), pcre2_match_data_free);
  if (match == nullptr) throw Error(ErrorKind::kResource, "out of memory in the tokenizer");
  for (size_t i = 0; i < text.size();) {
    const int result =
        pcre2_match(pattern_->code, reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), i,
                    PCRE2_ANCHORED | PCRE2_NO_UTF_CHECK, match.get(), nullptr);
    if (result < 0) throw_pattern_error(result);
    const size_t end = pcre2_get_ovector_pointer(match.get())[1];
    word(text.substr(i, end - i));
    i = end;
  }
}

}  // namespace zanime::models
