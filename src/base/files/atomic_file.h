// A file that appears whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>

namespace zanime::files {

// Written beside its final place under a temporary name and renamed by commit(). Without commit()
// nothing remains. A symbolic link stays and its target is replaced; a device or pipe is written to
// as it is. Errors are Error(kResource) and name the final path: disk full (with the bytes
// needed and free), permission, quota; Error(kFile) when the folder does not exist.
class AtomicFile {
 public:
  // Reserves `expected_size` bytes where the file system can, so that a full disk is noticed
  // before the work instead of after it. 0: unknown.
  explicit AtomicFile(std::filesystem::path path, uint64_t expected_size = 0);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  // Thread-safe for ranges that do not overlap.
  void write_at(uint64_t offset, std::span<const std::byte> bytes);
  // Closes the file and gives it its name, replacing what was there.
  void commit();
  // The same, but false and nothing remains where a file of this name has appeared meanwhile.
  bool commit_new();

 private:
  // Gives the closed temporary file its name unless that is taken; on false errno says why.
  bool publish_new() const;
  [[noreturn]] void fail(const char* action, int error) const;

  std::filesystem::path path_;
  std::filesystem::path temporary_;
  uint64_t expected_size_;
  bool in_place_ = false;
  int fd_ = -1;
};

}  // namespace zanime::files
