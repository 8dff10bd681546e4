#include "weights/row_mix.h"

#include <algorithm>
#include <numeric>
#include <set>

namespace zanime::weights {
namespace {

// Rows by number, and their values one behind the other.
struct Rows {
  std::vector<int64_t> numbers;
  std::vector<float> values;
};

// The rows that a stage reads to give `wanted`: whole blocks, in the stage's order.
std::vector<int64_t> rows_read(const RowMixStage& stage, const std::vector<int64_t>& wanted) {
  std::set<int64_t> blocks;
  for (const int64_t row : wanted) blocks.insert(stage.place(row) / stage.size());
  std::vector<int64_t> rows;
  for (const int64_t block : blocks) {
    for (int64_t i = 0; i < stage.size(); ++i) rows.push_back(stage.row(block * stage.size() + i));
  }
  return rows;
}

using ReadBlock = std::function<void(const WeightBlock&, float*)>;

// Rows of W, neighbours read together.
std::vector<float> stored_rows(const RowMixDelta& delta, const std::vector<int64_t>& numbers,
                               const WeightBlock& columns, const ReadBlock& read) {
  const auto width = static_cast<size_t>(columns.columns);
  std::vector<float> values(numbers.size() * width);
  for (size_t i = 0; i < numbers.size();) {
    size_t end = i + 1;
    while (end < numbers.size() && numbers[end] == numbers[end - 1] + 1) ++end;
    read({delta.first_row + numbers[i], static_cast<int64_t>(end - i), columns.column,
          columns.columns},
         values.data() + i * width);
    i = end;
  }
  return values;
}

// What the stage makes of `in`, whose rows are those of rows_read(stage, wanted).
Rows run_stage(const RowMixStage& stage, const Rows& in, std::vector<int64_t> wanted,
               int64_t columns, const BlockMath& math) {
  const int64_t size = stage.size();
  std::vector<int64_t> blocks;  // in the order in which `in` has them
  for (size_t i = 0; i < in.numbers.size(); i += static_cast<size_t>(size)) {
    blocks.push_back(stage.place(in.numbers[i]) / size);
  }
  Rows out{std::move(wanted), {}};
  out.values.resize(out.numbers.size() * static_cast<size_t>(columns));
  for (size_t i = 0; i < out.numbers.size();) {
    // Rows that follow one another in a block are made together.
    const int64_t place = stage.place(out.numbers[i]), block = place / size;
    size_t end = i + 1;
    while (end < out.numbers.size() &&
           stage.place(out.numbers[end]) == place + static_cast<int64_t>(end - i) &&
           stage.place(out.numbers[end]) / size == block) {
      ++end;
    }
    const auto at = std::lower_bound(blocks.begin(), blocks.end(), block) - blocks.begin();
    math.multiply(static_cast<int64_t>(end - i), columns, size, 1.0f,
                  stage.blocks.data() + (block * size + place % size) * size,
                  in.values.data() + at * size * columns, columns, 0.0f,
                  out.values.data() + static_cast<int64_t>(i) * columns);
    i = end;
  }
  return out;
}

}  // namespace

int64_t RowMixStage::row(int64_t place) const {
  if (half == 0) return place;
  const int64_t group = place / (2 * half), rest = place % (2 * half);
  return group * 2 * half + rest % 2 * half + rest / 2;
}

int64_t RowMixStage::place(int64_t row) const {
  if (half == 0) return row;
  const int64_t group = row / (2 * half), rest = row % (2 * half);
  return group * 2 * half + rest % half * 2 + rest / half;
}

std::vector<float> row_mix_block(const RowMixDelta& delta, const WeightBlock& block,
                                 const BlockMath& math, const ReadBlock& read) {
  // From the rows asked for back to those that have to be read.
  std::vector<std::vector<int64_t>> wanted(1,
                                           std::vector<int64_t>(static_cast<size_t>(block.rows)));
  std::iota(wanted[0].begin(), wanted[0].end(), block.row);
  for (size_t i = delta.stages.size(); i-- > 0;) {
    wanted.push_back(rows_read(delta.stages[i], wanted.back()));
  }
  std::vector<float> before = stored_rows(delta, wanted[0], block, read);
  Rows rows{wanted.back(), stored_rows(delta, wanted.back(), block, read)};
  for (size_t i = 0; i < delta.stages.size(); ++i) {
    rows =
        run_stage(delta.stages[i], rows, wanted[delta.stages.size() - 1 - i], block.columns, math);
  }
  float* value = rows.values.data();
  for (int64_t row = 0; row < block.rows; ++row) {
    const float factor =
        delta.row_factors.empty() ? 1.0f : delta.row_factors[static_cast<size_t>(block.row + row)];
    for (int64_t i = 0; i < block.columns; ++i, ++value) {
      *value = factor * *value - before[static_cast<size_t>(row * block.columns + i)];
    }
  }
  return std::move(rows.values);
}

}  // namespace zanime::weights
