// What a picture or a model file says about itself, as JSON: `zanime inspect --json`, and Python's
// zanime.inspect().
#pragma once

#include <filesystem>
#include <string>

#include <nlohmann/json.hpp>

namespace zanime::engine {

// Whether the file begins as a picture does. Throws Error(kFile) where it does not exist or is no
// file.
bool is_picture_file(const std::filesystem::path& path);

// Of a picture: `file`, `kind` ("picture"), `width`, `height` and its texts by keyword. Of anything
// else: `file`, `kind` ("model"), `bytes`, `description`, `networks`, `tensors`, `parameters`,
// `types`, `metadata`, `oddities`. Throws as is_picture_file, read_picture_info and inspect_model.
nlohmann::ordered_json inspect_file(const std::filesystem::path& path);

// A picture's text as JSON where it is some (but `parameters` is for people), else as a string.
nlohmann::ordered_json text_as_json(const std::string& keyword, const std::string& text);

}  // namespace zanime::engine
