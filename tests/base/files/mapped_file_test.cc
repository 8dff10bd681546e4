#include "base/files/mapped_file.h"

#include <filesystem>
#include <memory>
#include <string>

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>

#include "base/files/mapping_guard.h"
#include "tests/support/expect_error.h"
#include "tests/support/scratch_folder.h"

namespace zanime::files {
namespace {

using testing::expect_error;
using testing::ScratchFolder;

TEST(MappedFile, ShowsTheFilesBytesAlsoAfterItIsRemoved) {
  const ScratchFolder folder;
  const std::filesystem::path path = folder.write("a", "some bytes");
  const auto file = MappedFile::open(path);
  std::filesystem::remove(path);
  EXPECT_EQ(file->size(), 10u);
  EXPECT_EQ(file->path(), path);
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(file->data()), file->size()), "some bytes");
}

TEST(MappedFile, WhatIsReplacedByRenamingStaysAsItWas) {
  const ScratchFolder folder;
  const auto file = MappedFile::open(folder.write("a", "before"));
  std::filesystem::rename(folder.write("b", "later"), folder / "a");
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(file->data()), file->size()), "before");
  EXPECT_EQ(MappedFile::open(folder / "a")->size(), 5u);
}

TEST(MappedFile, WhatIsNoFileIsNamed) {
  const ScratchFolder folder;
  expect_error(ErrorKind::kFile, "missing", [&] { MappedFile::open(folder / "missing"); });
  expect_error(ErrorKind::kFile, "folder", [&] { MappedFile::open(folder.path()); });
  expect_error(ErrorKind::kFile, "empty", [&] { MappedFile::open(folder.write("none", "")); });
  std::filesystem::create_symlink("nowhere", folder / "link");
  expect_error(ErrorKind::kFile, "nowhere", [&] { MappedFile::open(folder / "link"); });
  ASSERT_EQ(mkfifo((folder / "pipe").c_str(), 0600), 0);
  expect_error(ErrorKind::kFile, "pipe", [&] { MappedFile::open(folder / "pipe"); });
}

TEST(MappedFile, AFileCutShortGivesZerosAndAnError) {
  const ScratchFolder folder;
  const auto path = folder.write("model", std::string(100'000, 'x'));
  const auto other = folder.write("other", std::string(100'000, 'y'));
  const auto mapping = MappedFile::open(path), whole = MappedFile::open(other);
  EXPECT_EQ(mapping->data()[99'999], std::byte{'x'});
  throw_if_cut_short();
  std::filesystem::resize_file(path, 10'000);
  EXPECT_EQ(mapping->data()[9'999], std::byte{'x'});
  throw_if_cut_short();  // nothing that is lost was looked at
  EXPECT_EQ(mapping->data()[50'000], std::byte{0});
  EXPECT_EQ(mapping->data()[99'999], std::byte{0});
  EXPECT_EQ(whole->data()[99'999], std::byte{'y'});
  expect_error(ErrorKind::kFile, path.string() + ": became shorter", [] { throw_if_cut_short(); });
  throw_if_cut_short();  // told once
}

TEST(MappedFile, OtherBusErrorsKeepTheirEffect) {
  EXPECT_EXIT(
      {
        const ScratchFolder folder;
        const auto mapping = MappedFile::open(folder.write("model", "x"));
        raise(SIGBUS);
        raise(SIGBUS);
      },
      ::testing::KilledBySignal(SIGBUS), "");
}

}  // namespace
}  // namespace zanime::files
