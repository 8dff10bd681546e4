#include "ops/cpu/low_rank.h"

#include <algorithm>
#include <variant>

#include "base/parallel.h"
#include "ops/cpu/gemm.h"
#include "ops/cpu/scratch.h"
#include "weights/weight_delta.h"

namespace zanime::ops::cpu {
namespace {

// Rows that a thread takes at a time. Fixed, so that sums do not depend on the number of threads.
constexpr int64_t kRowGrain = 32;

}  // namespace

bool runs_beside(const weights::Weight& weight) {
  return std::all_of(weight.changes().begin(), weight.changes().end(),
                     [](const weights::WeightChange& change) {
                       return change.magnitude == nullptr &&
                              std::holds_alternative<weights::LowRankDelta>(change.delta->value);
                     });
}

void add_changes(const RowKernels& kernels, const Tensor& x, const weights::Weight& weight,
                 Tensor& out) {
  const int64_t depth = x.dim(-1), outputs = out.dim(-1);
  for (const weights::WeightChange& change : weight.changes()) {
    const auto& delta = std::get<weights::LowRankDelta>(change.delta->value);
    const int64_t rank = delta.down.dim(0);
    parallel_for_ranges(x.size() / depth, kRowGrain, [&](int64_t begin, int64_t end) {
      const int64_t rows = end - begin;
      float* inner = scratch<float>(Scratch::kLowRank, rows * rank);
      gemm_nt(rows, rank, depth, {x.data() + begin * depth, depth}, {delta.down.data(), depth},
              0.0f, {inner, rank});
      kernels.multiply_scalar(inner, change.strength, rows * rank);
      gemm_nt(rows, change.rows, rank, {inner, rank}, {delta.up.data(), rank}, 1.0f,
              {out.data() + begin * outputs + change.first_row, outputs});
    });
  }
}

}  // namespace zanime::ops::cpu
