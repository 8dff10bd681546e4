// What everything that looks for files in folders asks of them.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

namespace zanime::files {

// Absolute, without `.`, `..` or a separator at the end.
std::filesystem::path plain_folder(const std::filesystem::path& folder);

// Whether a name from outside leads below the folder it is looked for in: a graph or a prompt comes
// from anywhere.
bool stays_inside(const std::filesystem::path& name);

// The folder that `variable` names by the XDG Base Directory Specification, or `below_home` in the
// home folder: relative values are to be ignored.
std::filesystem::path xdg_folder(const char* variable, const std::filesystem::path& below_home);

// Bytes that may be written to the file system of an existing folder; 0 where it does not say.
int64_t free_bytes(const std::filesystem::path& folder);

// Throws Error(kUsage) unless `folder` is one; `what` is "the models root" or the like.
void require_folder(const std::filesystem::path& folder, const std::string& what);

}  // namespace zanime::files
