// The heavy steps on blocks of weights.
#pragma once

#include <cstdint>

#include "weights/weight.h"

namespace zanime::weights {

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

}  // namespace zanime::weights
