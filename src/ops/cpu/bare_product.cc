#include "ops/bare_product.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <random>
#include <vector>

#include "base/parallel.h"
#include "base/tensor.h"
#include "ops/cpu/cpu_level.h"
#include "ops/cpu/gemm.h"
#include "ops/cpu/packed_product.h"
#include "ops/cpu/scratch.h"
#include "ops/cpu/weight_block.h"

namespace zanime::ops {
namespace {

// Repeats `work` for a quarter of a second at least, three times at least, 100 at most.
template <typename Work>
double best_seconds(Work work) {
  using Clock = std::chrono::steady_clock;
  double best = std::numeric_limits<double>::infinity(), total = 0;
  for (int i = 0; i < 100 && (i < 3 || total < 0.25); ++i) {
    const auto start = Clock::now();
    work();
    const double seconds = std::chrono::duration<double>(Clock::now() - start).count();
    best = std::min(best, seconds);
    total += seconds;
  }
  return best;
}

Tensor random_matrix(int64_t rows, int64_t columns) {
  std::minstd_rand generator(1);
  Tensor matrix(Shape{rows, columns});
  for (float& value : matrix.values()) {
    value = static_cast<float>(generator() % 2048) / 1024.0f - 1.0f;
  }
  return matrix;
}

// Of libxsmm's products: outputs that a thread takes at a time, and the shape of one product.
constexpr int64_t kPanelOutputs = 128, kDepth = 1280, kRows = 96;

// c [:, begin, end) = a b^T, of which the values are of no interest: `b` is taken as packed.
void multiply_panel(const Tensor& a, const Tensor& b, int64_t begin, int64_t end, Tensor& c) {
  const int64_t rows = a.dim(0), depth = a.dim(1), outputs = c.dim(1);
  for (int64_t column = 0; column < depth; column += kDepth) {
    for (int64_t row = 0; row < rows; row += kRows) {
      for (int64_t output = begin; output < end; output += cpu::kPackedOutputs) {
        const cpu::PackedShape shape{.rows = std::min(kRows, rows - row),
                                     .outputs = std::min(cpu::kPackedOutputs, end - output),
                                     .depth = std::min(kDepth, depth - column),
                                     .x_stride = depth,
                                     .accumulate = column > 0};
        const float* w = b.data() + output * depth + column * cpu::kPackedOutputs;
        cpu::multiply_packed(shape, a.data() + row * depth + column, w,
                             {c.data() + row * outputs + output, outputs});
      }
    }
  }
}

}  // namespace

double seconds_of_bare_product(int64_t m, int64_t n, int64_t k) {
  // More rows than this run at the same rate and would only take memory.
  constexpr int64_t kMostRows = 8192;
  const int64_t rows = std::min(m, kMostRows);
  // Whole packs, whose last one may have more outputs than there are.
  const int64_t packed_outputs =
      (n + cpu::kPackedOutputs - 1) / cpu::kPackedOutputs * cpu::kPackedOutputs;
  const Tensor a = random_matrix(rows, k), b = random_matrix(packed_outputs, k);
  Tensor c(Shape{rows, n});
  const double whole = best_seconds([&] {
    cpu::gemm_nt(rows, n, k, {a.data(), k}, {b.data(), k}, 0.0f, {c.data(), n});
  });
  // The same in panels, as if `b` were packed already.
  const double packed = best_seconds([&] {
    parallel_for_ranges(n, kPanelOutputs,
                        [&](int64_t begin, int64_t end) { multiply_panel(a, b, begin, end, c); });
  });
  const double seconds = std::min(whole, packed);
  return seconds * static_cast<double>(m) / static_cast<double>(rows);
}

double seconds_of_a_conversion() {
  constexpr int64_t kColumns = 2560, kRows = 16384;
  // 40 MB, more than caches hold: as when a file is read. Bytes that mean NaN are left out.
  const auto bytes = std::make_shared<std::vector<std::byte>>(kRows * kColumns);
  std::minstd_rand generator(1);
  for (std::byte& byte : *bytes) byte = static_cast<std::byte>(generator() & 0x3f);
  weights::WeightPart part;
  part.data = bytes->data();
  part.dtype = DType::kF8E4M3;
  part.rows = kRows;
  const weights::Weight weight("conversion", Shape{kRows, kColumns}, {part}, bytes);
  const cpu::RowKernels& kernels = cpu::select_kernels("");
  const double seconds = best_seconds([&] {
    parallel_for_ranges(kRows, cpu::kPackedOutputs, [&](int64_t begin, int64_t end) {
      constexpr int64_t columns = cpu::kConvertedColumns;
      float* block = cpu::scratch<float>(cpu::Scratch::kWeightPanel, cpu::kPackedOutputs * columns);
      float* packed =
          cpu::scratch<float>(cpu::Scratch::kPackedPanel, cpu::kPackedOutputs * kColumns);
      for (int64_t column = 0; column < kColumns; column += columns) {
        cpu::convert_block(kernels, weight, begin, end - begin, column, columns, block);
        kernels.pack(block, end - begin, columns, packed + column * cpu::kPackedOutputs);
      }
    });
  });
  return seconds / static_cast<double>(kRows * kColumns);
}

}  // namespace zanime::ops
