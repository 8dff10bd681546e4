#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace zanime {
namespace {

// Gives the number of threads back.
class Parallel : public ::testing::TestWithParam<int> {
 protected:
  Parallel() { set_thread_count(GetParam()); }
  ~Parallel() override { set_thread_count(before_); }

  int before_ = thread_count();
};

TEST_P(Parallel, EveryIndexRunsOnce) {
  std::vector<std::atomic<int>> runs(1000);
  parallel_for(std::ssize(runs), [&](int64_t index) { ++runs[static_cast<size_t>(index)]; });
  EXPECT_TRUE(std::all_of(runs.begin(), runs.end(), [](const auto& count) { return count == 1; }));
  parallel_for(0, [](int64_t) { FAIL() << "there is nothing to do"; });
}

TEST_P(Parallel, RangesCoverEverythingInPiecesOfTheGrain) {
  for (const int64_t count : {int64_t{0}, int64_t{1}, int64_t{7}, int64_t{8}, int64_t{23}}) {
    std::mutex mutex;
    std::set<std::pair<int64_t, int64_t>> pieces;
    parallel_for_ranges(count, 8, [&](int64_t begin, int64_t end) {
      const std::lock_guard lock(mutex);
      EXPECT_TRUE(pieces.emplace(begin, end).second);
    });
    int64_t next = 0;
    for (const auto& [begin, end] : pieces) {
      EXPECT_EQ(begin, next);
      EXPECT_EQ(end, std::min(count, begin + 8));
      next = end;
    }
    EXPECT_EQ(next, count);
  }
}

TEST_P(Parallel, AnExceptionComesOutAfterAllBodiesHaveEnded) {
  std::atomic<int> running{0};
  try {
    parallel_for(200, [&](int64_t index) {
      ++running;
      const std::string message = "body " + std::to_string(index);
      if (index % 50 == 20) {
        --running;
        throw std::runtime_error(message);
      }
      --running;
    });
    FAIL() << "the exception is lost";
  } catch (const std::runtime_error& error) {
    EXPECT_TRUE(std::string(error.what()).starts_with("body ")) << error.what();
  }
  EXPECT_EQ(running, 0);
  // The next loop is not disturbed.
  std::atomic<int64_t> sum{0};
  parallel_for(10, [&](int64_t index) { sum += index; });
  EXPECT_EQ(sum, 45);
}

TEST_P(Parallel, NestedLoopsStayOnTheirThread) {
  std::atomic<int> strays{0};
  std::vector<std::atomic<int>> runs(6 * 5);
  parallel_for(6, [&](int64_t outer) {
    const std::thread::id thread = std::this_thread::get_id();
    parallel_for(5, [&](int64_t inner) {
      ++runs[static_cast<size_t>(outer * 5 + inner)];
      if (std::this_thread::get_id() != thread) ++strays;
    });
  });
  EXPECT_EQ(strays, 0);
  EXPECT_TRUE(std::all_of(runs.begin(), runs.end(), [](const auto& count) { return count == 1; }));
}

TEST_P(Parallel, AnExceptionOfANestedLoopComesOutToo) {
  EXPECT_THROW(parallel_for(4,
                            [](int64_t) {
                              parallel_for(4, [](int64_t inner) {
                                if (inner == 3) throw std::out_of_range("inner");
                              });
                            }),
               std::out_of_range);
}

INSTANTIATE_TEST_SUITE_P(Threads, Parallel, ::testing::Values(1, 2, 5));

TEST(RequireThreads, LetsWhatIsThere) {
  EXPECT_NO_THROW(require_threads(1));
  EXPECT_NO_THROW(require_threads(8));
}

TEST(ThreadCount, IsAtLeastOne) {
  const int before = thread_count();
  for (const int asked : {0, -3}) {
    set_thread_count(asked);
    EXPECT_EQ(thread_count(), 1);
  }
  set_thread_count(3);
  EXPECT_EQ(thread_count(), 3);
  set_thread_count(before);
}

}  // namespace
}  // namespace zanime
