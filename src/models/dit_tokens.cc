#include "models/dit_tokens.h"

#include <cmath>

namespace zanime::models {
namespace {

constexpr double kRopeTheta = 256.0;

}  // namespace

int64_t round_up(int64_t value, int64_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

void add_text_positions(int64_t offset, int64_t tokens, std::vector<Position>& positions) {
  for (int64_t i = 1; i <= tokens; ++i) {
    positions.push_back({{static_cast<float>(offset + i), 0.0f, 0.0f}});
  }
}

void add_picture_positions(int64_t place, int64_t rows, int64_t columns, int64_t tokens,
                           const PatchGrid& grid, std::vector<Position>& positions) {
  for (int64_t i = 0; i < rows * columns; ++i) {
    positions.push_back(
        {{static_cast<float>(place), static_cast<float>(i / columns) * grid.scale_y + grid.shift_y,
          static_cast<float>(i % columns) * grid.scale_x + grid.shift_x}});
  }
  positions.resize(positions.size() + static_cast<size_t>(tokens - rows * columns));
}

ops::RopeTable rope_table(const std::vector<Position>& positions, int64_t head_dim,
                          ops::Backend& backend) {
  const int64_t axis_sizes[3] = {head_dim / 4, head_dim * 3 / 8, head_dim * 3 / 8};
  const auto tokens = static_cast<int64_t>(positions.size());
  const int64_t half = head_dim / 2;
  Tensor cos({tokens, half}), sin({tokens, half});
  int64_t column = 0;
  for (int axis = 0; axis < 3; ++axis) {
    for (int64_t i = 0; i < axis_sizes[axis] / 2; ++i, ++column) {
      const double exponent = static_cast<double>(2 * i) / static_cast<double>(axis_sizes[axis]);
      const double frequency = 1.0 / std::pow(kRopeTheta, exponent);
      for (int64_t token = 0; token < tokens; ++token) {
        const double angle = static_cast<double>(positions[token].axis[axis]) * frequency;
        cos.data()[token * half + column] = static_cast<float>(std::cos(angle));
        sin.data()[token * half + column] = static_cast<float>(std::sin(angle));
      }
    }
  }
  return {backend.upload(cos), backend.upload(sin), ops::RopePairs::kInterleaved};
}

// Every step is rounded to float32 as in the reference: an angle reaches 1000, where the last bit
// of a frequency shows.
Tensor time_features(float sigma) {
  constexpr int64_t half = kTimeFeatures / 2;
  const float log_period = -std::log(10000.0f);
  const float time = (1.0f - sigma) * 1000.0f;
  Tensor features({1, kTimeFeatures});
  for (int64_t i = 0; i < half; ++i) {
    const float frequency = std::exp(log_period * static_cast<float>(i) / static_cast<float>(half));
    features.data()[i] = std::cos(time * frequency);
    features.data()[half + i] = std::sin(time * frequency);
  }
  return features;
}

ops::Activation padded(const ops::Activation& x, const weights::Weight& pad, int64_t tokens,
                       ops::Backend& backend) {
  if (x.dim(1) == tokens) return x;
  const std::vector<int32_t> first_row(static_cast<size_t>(tokens - x.dim(1)), 0);
  const ops::Activation rows = backend.embedding_rows(pad, first_row);
  return backend.join_rows(std::array{x, rows.reshaped({1, rows.dim(0), rows.dim(1)})});
}

}  // namespace zanime::models
