// What everything that looks for files in folders asks of them.
#pragma once

#include <filesystem>
#include <string>

namespace zanime {

// Absolute, without `.`, `..` or a separator at the end.
std::filesystem::path plain_folder(const std::filesystem::path& folder);

// Whether a name from outside leads below the folder it is looked for in: a graph or a prompt comes
// from anywhere.
bool stays_inside(const std::filesystem::path& name);

// Throws Error(kUsage) unless `folder` is one; `what` is "the models root" or the like.
void require_folder(const std::filesystem::path& folder, const std::string& what);

}  // namespace zanime
