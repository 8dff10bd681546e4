// Words in % signs that stand for something in names of files: %width%, %date:yyyy-MM-dd%.
#pragma once

#include <functional>
#include <optional>
#include <string>

namespace zanime::pictures {

// Puts what `value_of` gives in place of each word. A word that it does not know stays.
std::string fill_in_words(
    const std::string& text,
    const std::function<std::optional<std::string>(const std::string& word)>& value_of);

// year, month, day, hour, minute, second: of the local time now, as ComfyUI's server writes them.
std::optional<std::string> time_word(const std::string& word);

// date:FORMAT, where ComfyUI's editor knows y, M, d, h, m and s, one or several in a row.
std::optional<std::string> date_word(const std::string& word);

}  // namespace zanime::pictures
