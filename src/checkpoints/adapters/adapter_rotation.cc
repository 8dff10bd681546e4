#include "checkpoints/adapters/adapter_rotation.h"

#include <cmath>
#include <utility>

#include "base/parallel.h"

namespace zanime::checkpoints {
namespace {

// x of (1 - q) x = 1 + q, by elimination. The matrix of a skew-symmetric q is never singular.
std::vector<double> cayley(const std::vector<double>& q, int64_t size) {
  const auto at = [size](int64_t row, int64_t column) {
    return static_cast<size_t>(row * size + column);
  };
  std::vector<double> a(q.size()), x(q);
  for (size_t i = 0; i < q.size(); ++i) a[i] = -q[i];
  for (int64_t i = 0; i < size; ++i) {
    a[at(i, i)] += 1.0;
    x[at(i, i)] += 1.0;
  }
  for (int64_t step = 0; step < size; ++step) {
    int64_t pivot = step;
    for (int64_t row = step + 1; row < size; ++row) {
      if (std::abs(a[at(row, step)]) > std::abs(a[at(pivot, step)])) pivot = row;
    }
    for (int64_t i = 0; pivot != step && i < size; ++i) {
      std::swap(a[at(pivot, i)], a[at(step, i)]);
      std::swap(x[at(pivot, i)], x[at(step, i)]);
    }
    const double inverse = 1.0 / a[at(step, step)];
    for (int64_t i = 0; i < size; ++i) {
      a[at(step, i)] *= inverse;
      x[at(step, i)] *= inverse;
    }
    for (int64_t row = 0; row < size; ++row) {
      const double factor = a[at(row, step)];
      if (row == step || factor == 0.0) continue;
      for (int64_t i = step; i < size; ++i) a[at(row, i)] -= factor * a[at(step, i)];
      for (int64_t i = 0; i < size; ++i) x[at(row, i)] -= factor * x[at(step, i)];
    }
  }
  return x;
}

}  // namespace

std::vector<weights::RowMixStage> rotation_stages(const Tensor& blocks, double constraint,
                                                  double strength) {
  const bool butterfly = blocks.shape().rank() == 4;
  const int64_t size = blocks.shape()[-1];
  const int64_t matrices = blocks.size() / (size * size);
  const int64_t stages = butterfly ? blocks.dim(0) : 1;

  double squares = 0;
  std::vector<double> skew(static_cast<size_t>(blocks.size()));
  for (int64_t m = 0; m < matrices; ++m) {
    const float* from = blocks.data() + m * size * size;
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t j = 0; j < size; ++j) {
        const double value = double{from[i * size + j]} - double{from[j * size + i]};
        skew[static_cast<size_t>((m * size + i) * size + j)] = value;
        squares += value * value;
      }
    }
  }
  const double norm = std::sqrt(squares) + 1e-8;
  const double scale = constraint > 0 && norm > constraint ? constraint / norm : 1.0;

  Tensor mixed({stages, matrices / stages, size, size});
  parallel_for(matrices, [&](int64_t m) {
    const auto begin = skew.begin() + m * size * size;
    std::vector<double> q(begin, begin + size * size);
    for (double& value : q) value *= scale;
    const std::vector<double> r = cayley(q, size);
    float* out = mixed.data() + m * size * size;
    for (int64_t i = 0; i < size; ++i) {
      for (int64_t j = 0; j < size; ++j, ++out) {
        const double value = r[static_cast<size_t>(butterfly ? i * size + j : j * size + i)];
        *out = static_cast<float>(strength * value + (i == j ? 1.0 - strength : 0.0));
      }
    }
  });

  std::vector<weights::RowMixStage> result;
  for (int64_t stage = 0; stage < stages; ++stage) {
    const Tensor part = mixed.rows(stage, 1).reshaped({matrices / stages, size, size});
    result.push_back({part, butterfly ? (int64_t{1} << stage) * (size / 2) : 0});
  }
  return result;
}

}  // namespace zanime::checkpoints
