// What a picture that is written says about itself.
#pragma once

#include <string>
#include <string_view>

namespace zanime::pictures {

// In UTF-8. An empty text is left out.
struct PictureMetadata {
  std::string prompt;      // the graph in API form, as JSON text: ComfyUI opens the picture with it
  std::string parameters;  // readable text
};

bool is_ascii(std::string_view text);

// JSON text with its characters beyond ASCII, which occur in strings only, as \u escapes: what
// every reader gets right.
std::string ascii_json(std::string_view json);

// Texts end at a NUL in every format: spaces instead.
std::string without_nul(std::string text);

}  // namespace zanime::pictures
