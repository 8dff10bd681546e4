#include "checkpoints/adapters/adapter_magnitude.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/parallel.h"
#include "weights/weight_delta.h"
#include "weights/weight_values.h"

namespace zanime::checkpoints {
namespace {

constexpr int64_t kRowsAtOnce = 64;

// Lengths of the rows or columns of the changed rows of `weight`.
std::vector<double> lengths(const weights::Weight& weight, const weights::WeightChange& change,
                            const DoraScale& scale) {
  const int64_t columns = weight.columns();
  const auto chunks = static_cast<size_t>((change.rows + kRowsAtOnce - 1) / kRowsAtOnce);
  std::vector<double> rows(static_cast<size_t>(change.rows));
  // Sums of squares by piece, so that they are added in one order whatever the number of threads.
  std::vector<std::vector<double>> pieces(chunks);
  parallel_for_ranges(change.rows, kRowsAtOnce, [&](int64_t begin, int64_t end) {
    const auto size = static_cast<size_t>((end - begin) * columns);
    std::vector<float> values(size), work(2 * size);
    const int64_t first = change.first_row + begin;
    weights::rows_to_float32(weight, first, end - begin, values.data());
    if (scale.of_changed_weight) {
      weights::apply_change(change, {first, end - begin, 0, columns}, weights::PlainBlockMath(),
                            work.data(), values.data());
    }
    std::vector<double>& piece = pieces[static_cast<size_t>(begin / kRowsAtOnce)];
    if (!scale.per_row) piece.resize(static_cast<size_t>(columns));
    const float* value = values.data();
    for (int64_t row = begin; row < end; ++row) {
      for (int64_t i = 0; i < columns; ++i, ++value) {
        double& sum =
            scale.per_row ? rows[static_cast<size_t>(row)] : piece[static_cast<size_t>(i)];
        sum += double{*value} * double{*value};
      }
    }
  });
  std::vector<double> result = std::move(rows);
  if (!scale.per_row) {
    result.assign(static_cast<size_t>(columns), 0.0);
    for (const std::vector<double>& piece : pieces) {
      for (size_t i = 0; i < result.size(); ++i) result[i] += piece[i];
    }
  }
  for (double& value : result) value = std::sqrt(value);
  return result;
}

}  // namespace

std::shared_ptr<const weights::Magnitude> dora_magnitude(const weights::Weight& weight,
                                                         const weights::WeightChange& change,
                                                         const DoraScale& scale, double strength) {
  const std::vector<double> old = lengths(weight, change, scale);
  auto magnitude = std::make_shared<weights::Magnitude>();
  magnitude->per_row = scale.per_row;
  for (size_t i = 0; i < old.size(); ++i) {
    const double factor = scale.values[i] / (old[i] + std::numeric_limits<float>::epsilon());
    // W + strength (factor (W + delta) - W)
    magnitude->weight.push_back(static_cast<float>(1.0 + strength * (factor - 1.0)));
    magnitude->delta.push_back(static_cast<float>(factor));
  }
  return magnitude;
}

}  // namespace zanime::checkpoints
