#include "base/files/atomic_file.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "tests/support/expect_error.h"
#include "tests/support/scratch_folder.h"

namespace zanime::files {
namespace {

using testing::expect_error;
using testing::ScratchFolder;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// Files larger than `limit` bytes fail as they do on a full disk.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t limit) : handler_(std::signal(SIGXFSZ, SIG_IGN)) {
    getrlimit(RLIMIT_FSIZE, &old_);
    const rlimit lowered = {limit, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &lowered);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit old_{};
  void (*handler_)(int);
};

TEST(AtomicFile, AppearsOnCommitOnly) {
  const ScratchFolder folder;
  {
    AtomicFile file(folder / "a", 6);
    file.write_at(3, bytes_of("def"));
    file.write_at(0, bytes_of("abc"));
    EXPECT_FALSE(std::filesystem::exists(folder / "a"));
    file.commit();
  }
  EXPECT_EQ(std::filesystem::file_size(folder / "a"), 6u);
  EXPECT_EQ(folder.file_count(), 1u);
}

TEST(AtomicFile, LeavesNothingWithoutCommit) {
  const ScratchFolder folder;
  { AtomicFile(folder / "a").write_at(0, bytes_of("abc")); }
  EXPECT_EQ(folder.file_count(), 0u);
}

TEST(AtomicFile, NoticesLackOfSpaceBeforeTheWork) {
  const ScratchFolder folder;
  {
    const FileSizeLimit limit(1000);
    expect_error(ErrorKind::kResource, "the file needs 9999 bytes",
                 [&] { AtomicFile(folder / "a", 9999); });
  }
  EXPECT_EQ(folder.file_count(), 0u);
}

TEST(AtomicFile, NoticesLackOfSpaceWhileWriting) {
  const ScratchFolder folder;
  {
    const FileSizeLimit limit(1000);
    expect_error(ErrorKind::kResource, "Free some space", [&] {
      AtomicFile file(folder / "a");
      file.write_at(0, std::vector<std::byte>(2000));
    });
  }
  EXPECT_EQ(folder.file_count(), 0u);
}

TEST(AtomicFile, ReplacesAFileAndWhatALinkLeadsTo) {
  const ScratchFolder folder;
  folder.write("a", "a longer text");
  std::filesystem::create_symlink("a", folder / "link");
  {
    AtomicFile file(folder / "link");
    file.write_at(0, bytes_of("new"));
    file.commit();
  }
  EXPECT_TRUE(std::filesystem::is_symlink(folder / "link"));
  EXPECT_EQ(std::filesystem::file_size(folder / "a"), 3u);
  EXPECT_EQ(folder.file_count(), 2u);
}

TEST(AtomicFile, ANewFileDoesNotReplaceOne) {
  const ScratchFolder folder;
  AtomicFile first(folder / "a"), second(folder / "a");
  first.write_at(0, bytes_of("first"));
  second.write_at(0, bytes_of("the second"));
  EXPECT_TRUE(first.commit_new());
  EXPECT_FALSE(second.commit_new());
  EXPECT_EQ(std::filesystem::file_size(folder / "a"), 5u);
  EXPECT_EQ(folder.file_count(), 1u);
}

TEST(AtomicFile, ALeftFileNeverBlocksAndGoesWhenItIsOld) {
  const ScratchFolder folder;
  const auto age = [](const std::filesystem::path& path) {
    std::filesystem::last_write_time(
        path, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  };
  age(folder.write("a.partial-1", "left"));
  folder.write("a.partial-2", "somebody's, perhaps");
  age(folder.write("b.partial-1", "of another file"));
  AtomicFile(folder / "a").commit();
  EXPECT_EQ(folder.names(), (std::vector<std::string>{"a", "a.partial-2", "b.partial-1"}));
}

TEST(AtomicFile, WhatIsBeingWrittenStays) {
  const ScratchFolder folder;
  AtomicFile first(folder / "a");
  std::filesystem::last_write_time(
      folder / folder.names().front(),
      std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  AtomicFile(folder / "a").commit();
  first.write_at(0, bytes_of("first"));
  first.commit();
  EXPECT_EQ(std::filesystem::file_size(folder / "a"), 5u);
}

TEST(AtomicFile, NamesAFolderThatDoesNotExist) {
  const ScratchFolder folder;
  expect_error(ErrorKind::kFile, "create it first", [&] { AtomicFile(folder / "no/a"); });
  expect_error(ErrorKind::kFile, "is a folder", [&] { AtomicFile file(folder.path()); });
}

}  // namespace
}  // namespace zanime::files
