#include "ops/cpu/read_ahead.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <fstream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/files/mapped_file.h"
#include "tests/support/scratch_folder.h"

namespace zanime::ops {
namespace {

using testing::ScratchFolder;

constexpr int64_t kColumns = 1024;

weights::Weight weight_in(const std::shared_ptr<const files::MappedFile>& file, int64_t rows,
                          int64_t offset = 0) {
  weights::WeightPart part;
  part.data = file->data() + offset;
  part.dtype = DType::kF8E4M3;
  part.rows = rows;
  return weights::Weight("w", {rows, kColumns}, {part}, file);
}

std::shared_ptr<const files::MappedFile> file_of(const ScratchFolder& folder, size_t bytes) {
  const auto path = folder.path() / "weights.bin";
  std::ofstream(path, std::ios::binary) << std::string(bytes, 'w');
  // Written out and dropped from memory, as after a restart of the machine.
  const int file = ::open(path.c_str(), O_RDWR);
  EXPECT_EQ(::fsync(file), 0);
  EXPECT_EQ(::posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED), 0);
  ::close(file);
  return files::MappedFile::open(path);
}

// Pages of the file that are in memory, whoever brought them.
int64_t resident_pages(const files::MappedFile& file) {
  const auto page = static_cast<uint64_t>(::sysconf(_SC_PAGESIZE));
  std::vector<unsigned char> pages((file.size() + page - 1) / page);
  EXPECT_EQ(::mincore(const_cast<std::byte*>(file.data()), file.size(), pages.data()), 0);
  return std::count_if(pages.begin(), pages.end(), [](unsigned char p) { return (p & 1) != 0; });
}

TEST(ReadAheadTest, BringsWholeWeightsIntoMemoryWithoutTouchingThem) {
  const ScratchFolder folder;
  constexpr int64_t kRows = 9 * 1024;  // more than two pieces
  const auto file = file_of(folder, kRows * kColumns + 77);
  const int64_t before = resident_pages(*file);
  const auto page = static_cast<int64_t>(::sysconf(_SC_PAGESIZE));
  const int64_t all = kRows * kColumns / page;
  if (before > all / 2) GTEST_SKIP() << "this file system does not let go of its pages";

  const weights::Weight first = weight_in(file, kRows / 2, 77);
  const weights::Weight second = weight_in(file, kRows / 2, 77 + kRows / 2 * kColumns);
  cpu::ReadAhead ahead;
  ahead.want(std::array<const weights::Weight*, 1>{&first});
  ahead.want(std::array<const weights::Weight*, 1>{&second});
  for (int i = 0; i < 500 && resident_pages(*file) < all; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_GE(resident_pages(*file), all);
}

TEST(ReadAheadTest, LeavesSmallWeightsAlone) {
  const ScratchFolder folder;
  const auto file = file_of(folder, 64 * kColumns);
  const int64_t before = resident_pages(*file);
  const weights::Weight small = weight_in(file, 64);
  {
    cpu::ReadAhead ahead;
    ahead.want(std::array<const weights::Weight*, 1>{&small});
    ahead.want({});
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  EXPECT_EQ(resident_pages(*file), before);
}

TEST(ReadAheadTest, EndsAtOnceWithMuchLeftToRead) {
  const ScratchFolder folder;
  const auto file = file_of(folder, 32 << 20);
  const weights::Weight weight = weight_in(file, 32 << 10);
  for (int i = 0; i < 20; ++i) {
    cpu::ReadAhead ahead;
    for (int k = 0; k < 10000; ++k) ahead.want(std::array<const weights::Weight*, 1>{&weight});
  }
}

}  // namespace
}  // namespace zanime::ops
