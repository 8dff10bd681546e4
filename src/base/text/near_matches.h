// "Did you mean": the names closest to a misspelt one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace zanime::text {

// Up to `count` of `names` that resemble `name`, best first, letter case ignored: by edit distance
// (Levenshtein), with names that contain it or are contained in it in front. Empty when none does.
std::vector<std::string> near_matches(std::string_view name, const std::vector<std::string>& names,
                                      size_t count = 3);

// "`a`, `b` and `c`", with `joint` for "and"; empty for no names.
std::string list_names(const std::vector<std::string>& names, std::string_view joint = "and");

// "'a', 'b' and 3 more": the first five as `quote` shows them (base/text/quote.h).
std::string list_some(const std::vector<std::string>& names);

}  // namespace zanime::text
