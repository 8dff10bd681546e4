// A build for cards where none can be used, as on the machines that build it.
#ifdef ZANIME_CUDA
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/log.h"
#include "ops/cuda/make_cuda_backend.h"
#include "ops/cuda/nvidia/cublas_lt.h"
#include "ops/cuda/nvidia/cudnn.h"
#include "ops/cuda/nvidia/shared_library.h"
#include "ops/ops.h"
#include "tests/support/expect_error.h"
#include "tests/support/host_card.h"

namespace zanime::ops::cuda {
namespace {

using zanime::testing::expect_error;

class WithoutCard : public ::testing::Test {
 protected:
  void SetUp() override {
    if (card_obstacle().empty()) GTEST_SKIP() << "this machine has a card";
  }
};

TEST_F(WithoutCard, OneThatIsAskedForIsAnErrorWithTheReason) {
  for (const char* device : {"cuda", "cuda:0", "cuda:3"}) {
    expect_error(ErrorKind::kResource, "no NVIDIA card can be used: " + card_obstacle(),
                 [&] { make_backend({.device = device}); });
  }
}

TEST_F(WithoutCard, AutoTakesTheProcessorAndSaysWhyInOneLine) {
  std::vector<std::string> lines;
  set_log_sink([&](LogLevel, const std::string& line) { lines.push_back(line); });
  const auto backend = make_backend({.device = "auto", .compute = Compute::kFloat32});
  set_log_sink([](LogLevel, const std::string&) {});
  EXPECT_EQ(backend->description().rfind("CPU", 0), 0u) << backend->description();
  ASSERT_EQ(lines.size(), 1u);
  EXPECT_NE(lines[0].find(card_obstacle()), std::string::npos) << lines[0];
  EXPECT_EQ(lines[0].find('\n'), std::string::npos) << lines[0];
}

// As far as they go: found, of the right version, with every function that is called.
TEST_F(WithoutCard, TheLibrariesOpen) {
  const auto memory = std::make_shared<HostMemory>();
  expect_error(ErrorKind::kResource, "cuBLASLt does not start on this card: CUBLAS_STATUS_",
               [&] { open_cublas_lt(memory); });
  expect_error(ErrorKind::kResource, "cuDNN does not start on this card: CUDNN_STATUS_",
               [&] { open_cudnn(memory); });
}

TEST(SharedLibrary, AMissingOneIsToldWithEveryPlace) {
  expect_error(ErrorKind::kResource, "/usr/local/cuda/lib64/libnowhere.so.7",
               [] { SharedLibrary("libnowhere.so.7"); });
}

}  // namespace
}  // namespace zanime::ops::cuda
#endif
