// Telling apart the files people save under a model's name.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>

namespace zanime::weights {

// For bytes that are not a safetensors file: a sentence that says what they are instead and what
// to do, such as "is a web page, not a model: …". Empty when nothing is recognised.
std::string describe_foreign_file(std::span<const std::byte> file);

// A hint behind "the file is cut off": whether a download still seems to run there. Looks at the
// name and at files beside it. Starts with a space; empty when there is no sign of one.
std::string download_hint(const std::filesystem::path& path);

}  // namespace zanime::weights
