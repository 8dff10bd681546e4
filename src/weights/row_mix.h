// Changes that mix a weight's rows.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/tensor.h"
#include "weights/block_math.h"
#include "weights/weight.h"

namespace zanime::weights {

// One factor of a matrix that mixes rows: blocks [n, size, size] along the diagonal, after rows
// were brought into the order that RowMixStage::row gives.
struct RowMixStage {
  Tensor blocks;
  // 0: rows stay in their order. Otherwise rows `half` apart are neighbours: a butterfly.
  int64_t half = 0;

  int64_t size() const { return blocks.dim(1); }
  // The row at a place of the stage's order, and the place of a row.
  int64_t row(int64_t place) const;
  int64_t place(int64_t row) const;
};

// M W - W for a product M of stages, the first stage nearest to W, and a factor per row in front of
// it: OFT (Qiu et al. 2023, arXiv 2306.07280), BOFT (Liu et al. 2024, arXiv 2311.06243).
struct RowMixDelta {
  Weight before;  // W is rows [first_row, first_row + rows) of it, with the changes that it has
  int64_t first_row = 0;
  std::vector<RowMixStage> stages;
  std::vector<float> row_factors;  // empty: 1
};

// M W - W in `block`, whose rows count from delta.first_row: [block.rows, block.columns].
// `read` gives a block of delta.before with its changes.
std::vector<float> row_mix_block(const RowMixDelta& delta, const WeightBlock& block,
                                 const BlockMath& math,
                                 const std::function<void(const WeightBlock&, float*)>& read);

}  // namespace zanime::weights
