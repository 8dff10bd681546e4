// Text as the reference, a Python program, sees it: a row of characters (code points) with
// Python's classes and letter cases.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace zanime::nodes {

// The characters of text in UTF-8; U+FFFD for a byte that belongs to none.
std::u32string characters(std::string_view utf8);
std::string utf8(std::u32string_view characters);

bool is_space(char32_t character);                     // str.isspace
bool is_printable(char32_t character);                 // str.isprintable
std::optional<int> decimal_digit(char32_t character);  // of any script

// Without the white space at its left, its right or both ends.
std::string stripped(std::string_view text, bool left = true, bool right = true);

// Unicode's full case mappings (SpecialCasing.txt without its conditions, but for the final sigma):
// one character may become several.
std::string lower(std::string_view text);
std::string upper(std::string_view text);
std::string capitalized(std::string_view text);  // the first character large, the others small
std::string title_case(std::string_view text);   // as str.title: "they're" becomes "They'Re"

// As str.replace: `find` stands for nothing but itself, and where it is empty for the places
// between all characters. Throws Error(kResource) beyond 64 MB.
std::string with_replaced(const std::string& text, const std::string& find,
                          const std::string& replacement);

// 'text', as repr() has it, or ascii() with everything beyond ASCII escaped.
std::string text_repr(std::string_view text, bool ascii = false);

}  // namespace zanime::nodes
