#include "base/cpu_count.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "base/parallel.h"
#include "tests/support/environment.h"
#include "tests/support/scratch_folder.h"

namespace zanime {
namespace {

namespace fs = std::filesystem;
using namespace zanime::testing;

void write(const fs::path& path, const std::string& text) {
  fs::create_directories(path.parent_path());
  std::ofstream(path) << text << '\n';
}

TEST(CpuCount, TwoThreadsOfACoreAreOne) {
  const ScratchFolder folder;
  const char* siblings[] = {"0,4", "1,5", "2,6", "3,7"};
  for (int cpu = 0; cpu < 8; ++cpu) {
    write(folder.path() / ("cpu" + std::to_string(cpu)) / "topology/thread_siblings_list",
          siblings[cpu % 4]);
  }
  EXPECT_EQ(cores_among({0, 1, 2, 3, 4, 5, 6, 7}, folder.path()), 4);
  EXPECT_EQ(cores_among({0, 4}, folder.path()), 1);
  EXPECT_EQ(cores_among({0, 5}, folder.path()), 2);
  EXPECT_EQ(cores_among({6}, folder.path()), 1);
  // Of these nothing is known.
  EXPECT_EQ(cores_among({0, 8, 9}, folder.path()), 3);
  EXPECT_EQ(cores_among({}, folder.path()), 0);
}

TEST(CpuCount, TheTightestQuotaOfAllGroupsAboveCounts) {
  const ScratchFolder folder;
  EXPECT_EQ(cpu_quota(folder.path(), "/"), 0);
  EXPECT_EQ(cpu_quota(folder.path(), "/away"), 0);
  write(folder.path() / "cpu.max", "800000 100000");
  write(folder.path() / "pod/cpu.max", "150000 100000");
  write(folder.path() / "pod/app/cpu.max", "max 100000");
  EXPECT_EQ(cpu_quota(folder.path(), "/pod/app"), 1.5);
  EXPECT_EQ(cpu_quota(folder.path(), "/pod"), 1.5);
  EXPECT_EQ(cpu_quota(folder.path(), "/other"), 8);
  EXPECT_EQ(cpu_quota(folder.path(), "/"), 8);
  // Outside its own name space, a group is named from above: that must not lead out of the root.
  EXPECT_EQ(cpu_quota(folder.path() / "pod", "/../.."), 1.5);
  write(folder.path() / "odd/cpu.max", "not a number");
  EXPECT_EQ(cpu_quota(folder.path() / "odd", "/"), 0);
}

TEST(CpuCount, TheEnvironmentsNumberCounts) {
  set_thread_count(3);  // as OpenMP does when it starts with the variable
  {
    const ScopedVariable variable("OMP_NUM_THREADS", "3");
    EXPECT_EQ(default_thread_count(), 3);
  }
  const ScopedVariable variable("OMP_NUM_THREADS", std::nullopt);
  EXPECT_GE(default_thread_count(), 1);
}

}  // namespace
}  // namespace zanime
