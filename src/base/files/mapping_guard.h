// What happens when another program shortens a file that is mapped: touching a page that is gone
// raises SIGBUS, which would end the process without a word.
#pragma once

#include <cstddef>
#include <filesystem>

namespace zanime::files {

// While it lives, pages of the mapping that are lost read as zeros, and the loss is noted. Where
// there are too many mappings for the guard's table, the signal keeps its ordinary effect.
class MappingGuard {
 public:
  // `path` must live as long as this.
  MappingGuard(const std::byte* data, size_t size, const std::filesystem::path& path);
  MappingGuard(const MappingGuard&) = delete;
  MappingGuard& operator=(const MappingGuard&) = delete;
  ~MappingGuard();

 private:
  int slot_ = -1;
};

// Throws Error(kFile) naming the file if a mapped file has lost pages since the last call: whatever
// was computed from it is worth nothing. To be called when a computation is done.
void throw_if_cut_short();

}  // namespace zanime::files
