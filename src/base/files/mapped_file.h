// A file's bytes in memory without reading them: the kernel brings in what is touched.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "base/files/mapping_guard.h"

namespace zanime::files {

// A read-only mapping of a whole regular file. Whoever holds views into it holds the shared
// pointer too. What is lost of a file that another program shortens reads as zeros, and
// throw_if_cut_short() tells (mapping_guard.h); model files are replaced by renaming, never
// rewritten in place.
class MappedFile {
 public:
  // Throws Error(kFile) when the path does not exist (naming a broken link's target), is a folder,
  // no regular file, or empty; Error(kResource) when permission or address space is lacking.
  static std::shared_ptr<const MappedFile> open(const std::filesystem::path& path);

  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  const std::filesystem::path& path() const { return path_; }
  const std::byte* data() const { return data_; }
  uint64_t size() const { return size_; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }

 private:
  MappedFile(std::filesystem::path path, const std::byte* data, uint64_t size)
      : path_(std::move(path)), data_(data), size_(size), guard_(data, size, path_) {}

  std::filesystem::path path_;
  const std::byte* data_;
  uint64_t size_;
  MappingGuard guard_;
};

}  // namespace zanime::files
