#include "weights/weight_delta.h"

#include <algorithm>
#include <numeric>
#include <vector>

namespace zanime::weights {
namespace {

// out = alpha * (rows and columns `block` of the product) + beta * out
void multiply_low_rank(const LowRankDelta& delta, const WeightBlock& block, const BlockMath& math,
                       float alpha, float beta, float* out) {
  const int64_t rank = delta.up.dim(1), width = delta.down.dim(1);
  math.multiply(block.rows, block.columns, rank, alpha, delta.up.data() + block.row * rank,
                delta.down.data() + block.column, width, beta, out);
}

// How many columns of a weight can only be converted together.
int64_t columns_together(const Weight& weight) {
  int64_t together = 1;
  for (const WeightPart& part : weight.parts()) {
    together =
        std::lcm(together, std::lcm(dtype_block(part.dtype), std::max<int64_t>(part.rotation, 1)));
  }
  return together;
}

// A block of another weight, with its changes. Its columns may begin and end inside of a group that
// this weight can only convert as a whole.
void read_changed(const Weight& weight, const WeightBlock& block, const BlockMath& math,
                  float* out) {
  const int64_t together = columns_together(weight);
  WeightBlock whole = block;
  whole.column = block.column / together * together;
  whole.columns =
      (block.column + block.columns + together - 1) / together * together - whole.column;
  std::vector<float> space;
  if (!weight.changes().empty()) {
    space.resize(static_cast<size_t>(2 * whole.rows * whole.columns));
  }
  if (whole.columns == block.columns) {
    math.convert(weight, block, out);
    apply_changes(weight, block, math, space.data(), out);
    return;
  }
  std::vector<float> values(static_cast<size_t>(whole.rows * whole.columns));
  math.convert(weight, whole, values.data());
  apply_changes(weight, whole, math, space.data(), values.data());
  for (int64_t row = 0; row < block.rows; ++row) {
    std::copy_n(values.data() + row * whole.columns + (block.column - whole.column), block.columns,
                out + row * block.columns);
  }
}

// Writes alpha * delta of `block`, a block of the changed rows, or adds it. `work` has room for a
// block.
struct DeltaBlock {
  const WeightBlock& block;
  const BlockMath& math;
  float alpha;
  bool add;
  float* work;
  float* out;

  int64_t size() const { return block.rows * block.columns; }

  void operator()(const LowRankDelta& delta) const {
    multiply_low_rank(delta, block, math, alpha, add ? 1.0f : 0.0f, out);
  }

  void operator()(const HadamardDelta& delta) const {
    // The first factor goes where the result will be unless that is needed for the sum.
    std::vector<float> sum;
    if (add) sum.assign(out, out + size());
    multiply_low_rank(delta.first, block, math, alpha, 0.0f, out);
    multiply_low_rank(delta.second, block, math, 1.0f, 0.0f, work);
    for (int64_t i = 0; i < size(); ++i) out[i] *= work[i];
    for (size_t i = 0; i < sum.size(); ++i) out[i] += sum[i];
  }

  void operator()(const KroneckerDelta& delta) const {
    const int64_t left_columns = delta.left.dim(1);
    const int64_t right_rows = delta.right.dim(0), right_columns = delta.right.dim(1);
    float* to = out;
    for (int64_t row = block.row; row < block.row + block.rows; ++row) {
      const float* left = delta.left.data() + row / right_rows * left_columns;
      const float* right = delta.right.data() + row % right_rows * right_columns;
      const int64_t end = block.column + block.columns;
      for (int64_t column = block.column; column < end;) {
        const int64_t begin = column % right_columns;
        const int64_t count = std::min(right_columns - begin, end - column);
        const float factor = alpha * left[column / right_columns];
        for (int64_t i = 0; i < count; ++i) {
          to[i] = factor * right[begin + i] + (add ? to[i] : 0.0f);
        }
        to += count;
        column += count;
      }
    }
  }

  void operator()(const RowMixDelta& delta) const {
    const auto read = [&](const WeightBlock& rows, float* values) {
      read_changed(delta.before, rows, math, values);
    };
    const std::vector<float> values = row_mix_block(delta, block, math, read);
    for (int64_t i = 0; i < size(); ++i) {
      out[i] = alpha * values[static_cast<size_t>(i)] + (add ? out[i] : 0.0f);
    }
  }

  void operator()(const FullDelta& delta) const {
    float* values = add ? work : out;
    read_changed(delta.values, block, math, values);
    for (int64_t i = 0; i < size(); ++i) out[i] = alpha * values[i] + (add ? out[i] : 0.0f);
  }
};

}  // namespace

void apply_change(const WeightChange& change, const WeightBlock& block, const BlockMath& math,
                  float* work, float* out) {
  const int64_t begin = std::max(block.row, change.first_row);
  const int64_t end = std::min(block.row + block.rows, change.first_row + change.rows);
  if (begin >= end) return;
  const WeightBlock part{begin - change.first_row, end - begin, block.column, block.columns};
  out += (begin - block.row) * block.columns;
  const int64_t size = part.rows * part.columns;
  if (change.magnitude == nullptr) {
    std::visit(DeltaBlock{part, math, change.strength, true, work, out}, change.delta->value);
    return;
  }
  float* delta = work + size;
  std::visit(DeltaBlock{part, math, change.strength, false, work, delta}, change.delta->value);
  const Magnitude& magnitude = *change.magnitude;
  for (int64_t row = 0; row < part.rows; ++row) {
    for (int64_t i = 0; i < part.columns; ++i, ++out, ++delta) {
      const auto at = static_cast<size_t>(magnitude.per_row ? part.row + row : part.column + i);
      *out = magnitude.weight[at] * *out + magnitude.delta[at] * *delta;
    }
  }
}

void apply_changes(const Weight& weight, const WeightBlock& block, const BlockMath& math,
                   float* work, float* out) {
  for (const WeightChange& change : weight.changes()) {
    apply_change(change, block, math, work, out);
  }
}

}  // namespace zanime::weights
