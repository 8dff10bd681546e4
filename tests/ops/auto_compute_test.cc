#include "ops/cpu/auto_compute.h"

#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "base/parallel.h"
#include "ops/cpu/cpu_level.h"
#include "ops/cpu/gemm.h"
#include "ops/cpu/packed_product.h"
#include "ops/cpu/processor.h"
#include "tests/support/scratch_folder.h"

namespace zanime::ops::cpu {
namespace {

// A product that takes no time, whatever comes of it, and one that takes far more than any other.
void multiply_at_once(const PackedShape&, const uint16_t*, const uint16_t*, Matrix) {}
void multiply_slowly(const PackedShape& shape, const uint16_t* x, const uint16_t* w, Matrix out) {
  volatile float sum = 0;
  for (int64_t i = 0; i < 4 * shape.depth * shape.outputs; ++i) {
    sum = sum + static_cast<float>(x[0]) * static_cast<float>(w[0]);
  }
  out.data[0] = sum;
}

class AutoComputeTest : public ::testing::Test {
 protected:
  static RowKernels kernels(decltype(RowKernels::multiply_bf16) product) {
    RowKernels kernels = select_kernels("");
    kernels.level = "avx9";  // of no processor in the table
    kernels.multiply_bf16 = product;
    return kernels;
  }

  std::string remembered() const {
    std::ostringstream text;
    text << std::ifstream(memory).rdbuf();
    return text.str();
  }

  testing::ScratchFolder folder;
  std::filesystem::path memory = folder.path() / "cache" / "compute.txt";
};

TEST_F(AutoComputeTest, IsFloat32WithoutProductsInBfloat16) {
  EXPECT_EQ(choose_compute(kernels(nullptr), memory).compute, Compute::kFloat32);
  EXPECT_FALSE(std::filesystem::exists(memory));
}

TEST_F(AutoComputeTest, IsWhatATrialShowsToBeFaster) {
  EXPECT_EQ(choose_compute(kernels(multiply_at_once), {}).compute, Compute::kBFloat16);
  EXPECT_EQ(choose_compute(kernels(multiply_slowly), {}).compute, Compute::kFloat32);
}

TEST_F(AutoComputeTest, TriesOnce) {
  std::filesystem::create_directory(memory.parent_path());
  std::ofstream(memory) << "another, amx, 2 threads\t1\t2\nnonsense\n";
  EXPECT_EQ(choose_compute(kernels(multiply_at_once), memory).compute, Compute::kBFloat16);
  const std::string key =
      this_processor().name + ", avx9, " + std::to_string(thread_count()) + " threads\t";
  const std::string text = remembered();
  EXPECT_TRUE(text.starts_with("another, amx, 2 threads\t1\t2\nnonsense\n" + key)) << text;
  // Now the file decides.
  EXPECT_EQ(choose_compute(kernels(multiply_slowly), memory).compute, Compute::kBFloat16);
  std::ofstream(memory) << key << "1e-3\t2e-3\n";
  EXPECT_EQ(choose_compute(kernels(multiply_at_once), memory).compute, Compute::kFloat32);
}

TEST_F(AutoComputeTest, TriesAgainWhereTheFileSaysNothing) {
  std::filesystem::create_directory(memory.parent_path());
  std::ofstream(memory) << this_processor().name << ", avx9, " << thread_count()
                        << " threads\t-1\tnone\n";
  EXPECT_EQ(choose_compute(kernels(multiply_at_once), memory).compute, Compute::kBFloat16);
  EXPECT_EQ(choose_compute(kernels(multiply_at_once), "/proc/none/compute.txt").compute,
            Compute::kBFloat16);
}

TEST(Processor, HasAName) {
  EXPECT_FALSE(this_processor().name.empty());
  EXPECT_GT(this_processor().family, 0);
}

}  // namespace
}  // namespace zanime::ops::cpu
