// Reading a network's widths off the tensors of its file.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>

#include "checkpoints/model_weights.h"

namespace zanime::models {

// The weight, which must be a matrix with at least one row and column. Throws Error(kFile).
const weights::Weight& matrix(const checkpoints::ModelWeights& weights, const std::string& name);

// How many heads of `head_dim` the rows of a projection make. Throws Error(kFile) where they do
// not divide.
int64_t whole_heads(const checkpoints::ModelWeights& weights, const weights::Weight& projection,
                    int64_t head_dim);

// Number of consecutive blocks `stem.0.…`, `stem.1.…`. Throws Error(kFile) when a number is left
// out (a file that lost a shard).
int64_t count_blocks(const checkpoints::ModelWeights& weights, const std::string& stem);

// The rows of several matrices with equal columns, or the values of several vectors, as one weight,
// each left where it lies in its file.
weights::Weight stack_rows(std::initializer_list<const weights::Weight*> weights,
                           const std::string& name);

}  // namespace zanime::models
