// What the tokens of NextDit are made of beside their values: where they stand, how padding fills
// them up, and the time.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/tensor.h"
#include "ops/ops.h"
#include "weights/weight.h"

namespace zanime::models {

inline constexpr float kFinalNormEpsilon = 1e-6f;
inline constexpr int64_t kPatch = 2;
// Captions and pictures are padded to a multiple of this many tokens.
inline constexpr int64_t kTokenMultiple = 32;
inline constexpr int64_t kTimeFeatures = 256;

int64_t round_up(int64_t value, int64_t multiple);

// Where a picture's patches stand, in rows and columns: scale * index + shift along each side.
struct PatchGrid {
  float scale_x = 1.0f, shift_x = 0.0f;
  float scale_y = 1.0f, shift_y = 0.0f;
};

// A token's place: in the row of texts and pictures, and in its picture.
struct Position {
  std::array<float, 3> axis{};
};

// `tokens` of a text behind what ends at `offset`.
void add_text_positions(int64_t offset, int64_t tokens, std::vector<Position>& positions);
// rows x columns patches of a picture at `place`, and padding up to `tokens`, which stays at the
// origin.
void add_picture_positions(int64_t place, int64_t rows, int64_t columns, int64_t tokens,
                           const PatchGrid& grid, std::vector<Position>& positions);

// Rotation angles over three axes that share a head 2:3:3 (of 128 elements: 32, 48, 48).
ops::RopeTable rope_table(const std::vector<Position>& positions, int64_t head_dim,
                          ops::Backend& backend);

// Sinusoidal features of the time (1 - sigma) * 1000: cosines, then sines [1, kTimeFeatures].
Tensor time_features(float sigma);

// x [batch, tokens, dim] with `pad` behind each item up to so many tokens.
ops::Activation padded(const ops::Activation& x, const weights::Weight& pad, int64_t tokens,
                       ops::Backend& backend);

}  // namespace zanime::models
