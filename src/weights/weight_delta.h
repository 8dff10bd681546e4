// What adapters add to weights, and how it is added to a block of one.
#pragma once

#include <cstdint>
#include <variant>

#include "base/tensor.h"
#include "weights/block_math.h"
#include "weights/row_mix.h"
#include "weights/weight.h"

namespace zanime::weights {

// up [rows, rank] times down [rank, columns]: LoRA (Hu et al. 2021, arXiv 2106.09685).
struct LowRankDelta {
  Tensor up;
  Tensor down;
};

// The product, element by element, of two such matrices: LoHa (FedPara, Hyeon-Woo et al. 2021,
// arXiv 2108.06098).
struct HadamardDelta {
  LowRankDelta first;
  LowRankDelta second;
};

// The Kronecker product of left [a, b] and right [rows / a, columns / b]: LoKr (LyCORIS, Yeh et al.
// 2023, arXiv 2309.14859).
struct KroneckerDelta {
  Tensor left;
  Tensor right;
};

// The difference itself, as it lies in a file: rows x columns values, with the changes that they
// have themselves.
struct FullDelta {
  Weight values;
};

struct WeightDelta {
  std::variant<LowRankDelta, HadamardDelta, KroneckerDelta, FullDelta, RowMixDelta> value;
};

// Applies the weight's changes to `out` [block.rows, block.columns], which holds that block of it.
// `work` has room for two blocks.
void apply_changes(const Weight& weight, const WeightBlock& block, const BlockMath& math,
                   float* work, float* out);

// One change of those.
void apply_change(const WeightChange& change, const WeightBlock& block, const BlockMath& math,
                  float* work, float* out);

}  // namespace zanime::weights
