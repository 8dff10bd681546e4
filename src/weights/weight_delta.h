// What adapters add to weights, and how it is added to a block of one.
#pragma once

#include <cstdint>
#include <variant>

#include "base/tensor.h"
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

// The difference itself, as it lies in the adapter's file: rows x columns values.
struct FullDelta {
  Weight values;
};

struct WeightDelta {
  std::variant<LowRankDelta, HadamardDelta, KroneckerDelta, FullDelta> value;
};

// Rows [row, row + rows), columns [column, column + columns) of a weight.
struct WeightBlock {
  int64_t row = 0;
  int64_t rows = 0;
  int64_t column = 0;
  int64_t columns = 0;
};

// The two heavy steps of applying changes, which a backend has faster.
class BlockMath {
 public:
  virtual ~BlockMath() = default;

  // c [m, n] = alpha a [m, k] b [k, n] + beta c. Rows of a and c lie one behind the other, those of
  // b are `b_stride` apart.
  virtual void multiply(int64_t m, int64_t n, int64_t k, float alpha, const float* a,
                        const float* b, int64_t b_stride, float beta, float* c) const = 0;
  // A block of the weight as its file has it: scales applied, changes not.
  virtual void convert(const Weight& weight, const WeightBlock& block, float* out) const = 0;
};

// Plain loops and the scalar conversions of base/dtype.h.
class PlainBlockMath final : public BlockMath {
 public:
  void multiply(int64_t m, int64_t n, int64_t k, float alpha, const float* a, const float* b,
                int64_t b_stride, float beta, float* c) const override;
  void convert(const Weight& weight, const WeightBlock& block, float* out) const override;
};

// Applies the weight's changes to `out` [block.rows, block.columns], which holds that block of it.
// `work` has room for two blocks.
void apply_changes(const Weight& weight, const WeightBlock& block, const BlockMath& math,
                   float* work, float* out);

// One change of those.
void apply_change(const WeightChange& change, const WeightBlock& block, const BlockMath& math,
                  float* work, float* out);

}  // namespace zanime::weights
